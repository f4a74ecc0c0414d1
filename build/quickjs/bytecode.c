// usage: bytecode SOURCE.js OUTPUT: a script as the engine's bytecode, without its source and its line numbers. Only
// this program has the engine's compiler: the shipped executable can't make code from text.
#include <stdio.h>
#include <stdlib.h>

#include "quickjs.h"

static _Noreturn void fail(const char *what) {
  perror(what);
  exit(1);
}

int main(int argc, char **argv) {
  if (argc != 3) return fprintf(stderr, "usage: bytecode SOURCE.js OUTPUT\n"), 2;
  FILE *source = fopen(argv[1], "rb");
  if (!source || fseek(source, 0, SEEK_END)) fail(argv[1]);
  long length = ftell(source);
  rewind(source);
  // The engine reads one byte past the end, which has to be a NUL.
  char *text = calloc(1, length + 1);
  if (!text || fread(text, 1, length, source) != (size_t)length) fail(argv[1]);
  JSContext *context = JS_NewContext(JS_NewRuntime());
  JSValue script = JS_Eval(context, text, length, "bridge.js", JS_EVAL_TYPE_GLOBAL | JS_EVAL_FLAG_COMPILE_ONLY);
  if (JS_IsException(script)) {
    fprintf(stderr, "%s: %s\n", argv[1], JS_ToCString(context, JS_GetException(context)));
    return 1;
  }
  size_t size;
  uint8_t *bytecode = JS_WriteObject(context, &size, script, JS_WRITE_OBJ_BYTECODE | JS_WRITE_OBJ_STRIP_SOURCE | JS_WRITE_OBJ_STRIP_DEBUG);
  FILE *output = fopen(argv[2], "wb");
  if (!bytecode || !output || fwrite(bytecode, 1, size, output) != size || fclose(output)) fail(argv[2]);
  return 0;
}
