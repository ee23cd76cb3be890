/** Imports that the bundler turns into URLs. */

declare module '*?url' {
  const url: string
  // biome-ignore lint/style/noDefaultExport: the bundler exports an address so, and in no other way
  export default url
}

declare module '*.css'
