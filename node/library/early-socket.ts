/** For the first script of a page that receives a share: it stands in the document, so that it runs before all modules. */

export { openEarlySocket } from '../sharing/first/early-socket.ts'
