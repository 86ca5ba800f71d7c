/** A folder of the server's as a person names it, in the form that the server knows: `photos/` is `photos`; `.` and `/` are the root, ''. */
export function remoteFolder(path: string): string {
  const name = path.replace(/\/+$/, '');
  return name === '.' ? '' : name;
}
