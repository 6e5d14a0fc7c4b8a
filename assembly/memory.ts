/** First byte after the module's static data: where the host's arena begins. */
export function heap_base(): usize {
  return __heap_base;
}
