/** Types of methods whose arguments may come in other forms than those that they are read to. */

/** A parameter as callers may give it: 32 bytes also as hex. */
type Given<T> = T extends Uint8Array ? T | string : T
export type GivenArgument<T> = T extends Uint8Array
  ? T | string
  : T extends readonly unknown[] | ((...args: never[]) => unknown)
    ? T
    : T extends object
      ? { [K in keyof T]: Given<T[K]> }
      : T
/** Methods that take more than those of `T`. An implementation of `T` itself, such as a fake in a test, is one, too. */
export type Lenient<T> = {
  [K in keyof T]: T[K] extends (...args: infer A) => infer R
    ? { method(...args: { [I in keyof A]: GivenArgument<A[I]> }): R }['method']
    : T[K]
}
