/** What a line typed into a chat asks for. */
export type ChatLine =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'get'; readonly remote: string; readonly local: string }
  | { readonly kind: 'send'; readonly local: string; readonly remote: string | undefined }
  | { readonly kind: 'help' }
  | { readonly kind: 'quit' }
  | { readonly kind: 'mistake'; readonly message: string };

export const CHAT_HELP = `/get REMOTE [LOCAL]   fetch a file
/send LOCAL [REMOTE]  send a file
/quit                 leave, as Ctrl-D does
//text                a text that begins with a slash
Names with spaces go into "quotes". Ctrl-C cancels the files that move, or leaves.`;

/** Reads a line: a command if it begins with a slash, else a text. */
export function parseChatLine(line: string): ChatLine {
  if (line.trim() === '') return { kind: 'nothing' };
  if (!line.startsWith('/')) return { kind: 'text', text: line };
  if (line.startsWith('//')) return { kind: 'text', text: line.slice(1) };
  const words = splitWords(line.slice(1));
  if (words === undefined) return { kind: 'mistake', message: 'a quote is not closed' };
  const [command = '', first, second, ...more] = words;
  switch (command) {
    case 'get':
      if (first === undefined || more.length > 0) return { kind: 'mistake', message: 'expected /get REMOTE [LOCAL]' };
      return { kind: 'get', remote: first, local: second ?? '.' };
    case 'send':
      if (first === undefined || more.length > 0) return { kind: 'mistake', message: 'expected /send LOCAL [REMOTE]' };
      return { kind: 'send', local: first, remote: second };
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
