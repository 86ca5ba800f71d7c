/** What a line typed into a chat asks for. */
export type ChatLine =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'ls'; readonly path: string; readonly isRecursive: boolean }
  | {
      readonly kind: 'get';
      readonly remote: string;
      readonly local: string | undefined;
      readonly isRecursive: boolean;
    }
  | {
      readonly kind: 'send';
      readonly local: string;
      readonly remote: string | undefined;
      readonly isRecursive: boolean;
    }
  | { readonly kind: 'help' }
  | { readonly kind: 'quit' }
  | { readonly kind: 'mistake'; readonly message: string };

export const CHAT_HELP = `/ls [-r] [PATH]            show what is in a folder of the server's, with -r all below it
/get [-r] REMOTE [LOCAL]   fetch a file, with -r a folder
/send [-r] LOCAL [REMOTE]  send a file, with -r a folder
/quit                      leave, as Ctrl-D does
//text                     a text that begins with a slash
Names with spaces go into "quotes". Ctrl-C cancels the files that move, or leaves.`;

/** Reads a line: a command if it begins with a slash, else a text. */
export function parseChatLine(line: string): ChatLine {
  if (line.trim() === '') return { kind: 'nothing' };
  if (!line.startsWith('/')) return { kind: 'text', text: line };
  if (line.startsWith('//')) return { kind: 'text', text: line.slice(1) };
  const words = splitWords(line.slice(1));
  if (words === undefined) return { kind: 'mistake', message: 'a quote is not closed' };
  const [command = '', ...rest] = words;
  const isRecursive = rest[0] === '-r';
  const [first, second, ...more] = isRecursive ? rest.slice(1) : rest;
  switch (command) {
    case 'ls':
      if (second !== undefined) return { kind: 'mistake', message: 'expected /ls [-r] [PATH]' };
      return { kind: 'ls', path: first ?? '', isRecursive };
    case 'get':
      if (first === undefined || more.length > 0) {
        return { kind: 'mistake', message: 'expected /get [-r] REMOTE [LOCAL]' };
      }
      return { kind: 'get', remote: first, local: second, isRecursive };
    case 'send':
      if (first === undefined || more.length > 0) {
        return { kind: 'mistake', message: 'expected /send [-r] LOCAL [REMOTE]' };
      }
      return { kind: 'send', local: first, remote: second, isRecursive };
    case 'help':
      return { kind: 'help' };
    case 'quit':
      return { kind: 'quit' };
    default:
      return { kind: 'mistake', message: `there is no /${command}; /help tells what there is` };
  }
}

/** Words between spaces, quoted ones whole; undefined when a quote is not closed. */
function splitWords(text: string): string[] | undefined {
  const words = text.match(/"[^"]*"|'[^']*'|[^\s"']+|["']/g) ?? [];
  if (words.some((word) => word === '"' || word === "'")) return undefined;
  return words.map((word) => (/^["']/.test(word) ? word.slice(1, -1) : word));
}
