/* What a person at a terminal needs: the words after the program's name, how wide the terminal is, and signals. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>

#include "host.h"

/** What a terminal that doesn't tell its width is taken to have. */
#define COLUMNS 80

/** columns(fd): how many columns a terminal has; 0 where the descriptor isn't a terminal's. */
static JSValue js_columns(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  int fd;
  if (argc < 1) return JS_ThrowTypeError(context, "too few arguments");
  if (get_int(context, argv[0], &fd)) return JS_EXCEPTION;
  struct termios settings;
  if (tcgetattr(fd, &settings) < 0) return JS_NewInt32(context, 0);
  struct winsize size = {0};
  int known = ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return JS_NewInt32(context, known ? size.ws_col : COLUMNS);
}

/** args(): the words after the name that the process was started by. */
static JSValue js_args(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc, (void)argv;
  JSValue list = JS_NewArray(context);
  for (uint32_t i = 0; !JS_IsException(list) && host_argv[0] && host_argv[i + 1]; i++) {
    JSValue word = new_text(context, host_argv[i + 1], strlen(host_argv[i + 1]));
    if (JS_DefinePropertyValueUint32(context, list, i, word, JS_PROP_C_W_E) >= 0) continue;
    JS_FreeValue(context, list);
    return JS_EXCEPTION;
  }
  return list;
}

/**
 * signals(): a descriptor from which SIGINT and SIGTERM are read from now on. A blocked signal is kept even for process
 * 1, which has no default actions.
 */
static JSValue js_signals(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc, (void)argv;
  sigset_t set;
  sigemptyset(&set), sigaddset(&set, SIGINT), sigaddset(&set, SIGTERM);
  int fd = sigprocmask(SIG_BLOCK, &set, NULL) < 0 ? -1 : signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  return JS_NewInt32(context, fd < 0 ? -errno : fd);
}

void add_terminal(JSContext *context, JSValueConst native) {
  add_function(context, native, "columns", js_columns, 1);
  add_function(context, native, "args", js_args, 0);
  add_function(context, native, "signals", js_signals, 0);
}
