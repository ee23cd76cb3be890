/** The kinds of files that a drop box takes, in words. For its refusals, and for the pages that show its terms. */

const KINDS: Readonly<Record<string, string>> = {
  'image/*': 'pictures',
  'video/*': 'videos',
  'audio/*': 'sound',
  'text/*': 'texts',
  'application/pdf': 'PDF files',
}

/** `pictures and .zip`. */
export function typesText(types: readonly string[]): string {
  const names = types.map((type) => KINDS[type] ?? type)
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
