// What the library's types take from a host: the host's own types where the reader's settings have them (the DOM library, those
// of Node, Deno, Bun, workerd), else the few members that are used. Without this, `lib: ["es2022"]` alone could not
// compile a program that imports the package. scripts/declarations.mjs has every declaration file import its names from here.

type Global<K extends string, Otherwise> = typeof globalThis extends { readonly [k in K]: { readonly prototype: infer T } } ? T : Otherwise;
type OfWebAssembly<K extends string> = typeof globalThis extends {
  readonly WebAssembly: { readonly [k in K]: { readonly prototype: infer T } };
}
  ? T
  : object;

export type AbortSignal = Global<'AbortSignal', { readonly aborted: boolean; readonly reason: any; throwIfAborted(): void }>;

interface SomeStream {
  getReader(): {
    read(): Promise<{ readonly done: boolean; readonly value?: any }>;
    cancel(reason?: any): Promise<void>;
  };
}
export type ReadableStream<_ = any> = Global<'ReadableStream', SomeStream>;

interface SomeBlob {
  readonly size: number;
  readonly type: string;
  arrayBuffer(): Promise<ArrayBuffer>;
  stream(): ReadableStream;
}
export type Blob = Global<'Blob', SomeBlob>;
export type File = Global<'File', SomeBlob & { readonly name: string }>;

interface SomeResponse {
  readonly ok: boolean;
  readonly status: number;
  readonly body: ReadableStream | null;
  arrayBuffer(): Promise<ArrayBuffer>;
}
export type Response = Global<'Response', SomeResponse>;

export type BufferSource = ArrayBufferView | ArrayBuffer;

export namespace WebAssembly {
  type Module = OfWebAssembly<'Module'>;
  type Memory = OfWebAssembly<'Memory'>;
  type Instance = OfWebAssembly<'Instance'>;
}

// Arrays over memory of their own: compilers before TypeScript 5.7 know no array by its memory, these names suit both.
export type OwnInt8Array = ReturnType<Int8Array['slice']>;
export type OwnUint8Array = ReturnType<Uint8Array['slice']>;
export type OwnInt16Array = ReturnType<Int16Array['slice']>;
export type OwnUint16Array = ReturnType<Uint16Array['slice']>;
export type OwnInt32Array = ReturnType<Int32Array['slice']>;
export type OwnUint32Array = ReturnType<Uint32Array['slice']>;
export type OwnFloat32Array = ReturnType<Float32Array['slice']>;
export type OwnFloat64Array = ReturnType<Float64Array['slice']>;
export type OwnBigInt64Array = ReturnType<BigInt64Array['slice']>;
export type OwnBigUint64Array = ReturnType<BigUint64Array['slice']>;
