/* Runs another program: an IPAM plugin, iptables-restore. It is killed if we are, and gets only the standard streams. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host.h"

/** Which of its standard streams are ours: stderr; none; all, and the terminal's signals are the program's alone. */
enum streams { ITS_ERRORS_ARE_OURS, ALL_CAPTURED, FOREGROUND };

/** What to run, as execve(2) wants it. */
struct program {
  const char *file;
  char **arguments, **variables;
  enum streams streams;
};

/** Bytes read from a pipe, up to a limit. */
struct output {
  int fd;
  uint8_t *bytes;
  size_t length, room;
};

/** A running program. */
struct running {
  pid_t pid;
  int children; /* a signalfd for SIGCHLD */
  int input;    /* the pipe to its standard input, -1 once everything is written */
  const uint8_t *rest;
  size_t left;
  struct output out, err;
  size_t limit;
};

static void close_one(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

/** Keeps all descriptors but the standard streams from the program. */
static void close_on_exec(void) {
#ifdef SYS_close_range
  if (syscall(SYS_close_range, 3, ~0u, 1u << 2 /* CLOSE_RANGE_CLOEXEC */) == 0) return;
#endif
  struct rlimit files;
  int most = getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < 65536 ? (int)files.rlim_cur : 65536;
  for (int fd = 3; fd < most; fd++) fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/** Runs in the child and never returns. If the program can't be run, writes the errno to `report`. */
static _Noreturn void become(const struct program *program, const int streams[3], int report) {
  static const int defaults[] = {SIGPIPE, SIGCHLD};
  sigset_t none;
  sigemptyset(&none);
  for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++) signal(defaults[i], SIG_DFL);
  if (program->streams == FOREGROUND) signal(SIGINT, SIG_DFL), signal(SIGQUIT, SIG_DFL);
  sigprocmask(SIG_SETMASK, &none, NULL);
  for (int fd = 0; fd < 3 && program->streams != FOREGROUND; fd++)
    if (streams[fd] >= 0 && dup2(streams[fd], fd) < 0) goto failed;
  close_on_exec();
  execve(program->file, program->arguments, program->variables);
failed:;
  int reason = errno;
  ssize_t written = write(report, &reason, sizeof reason);
  (void)written;
  _exit(127);
}

static int make_pipes(int input[2], int out[2], int err[2], int report[2]) {
  return pipe2(input, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC) || pipe2(report, O_CLOEXEC) ? -errno : 0;
}

/** Starts the program. @return 0 or the negative errno */
static int begin(struct running *run, const struct program *program) {
  int input[2] = {-1, -1}, out[2] = {-1, -1}, err[2] = {-1, -1}, report[2] = {-1, -1};
  int failed = make_pipes(input, out, err, report);
  pid_t parent = getpid();
  if (!failed && (run->pid = fork()) < 0) failed = -errno;
  if (!failed && run->pid == 0) {
    /* Die with the parent; at once if it is already dead. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    const int streams[3] = {input[0], out[1], program->streams == ALL_CAPTURED ? err[1] : -1};
    become(program, streams, report[1]);
  }
  close_one(&input[0]), close_one(&out[1]), close_one(&err[1]), close_one(&report[1]);
  int reason;
  if (!failed && read(report[0], &reason, sizeof reason) == sizeof reason) {
    failed = -reason;
    waitpid(run->pid, NULL, 0);
    run->pid = 0;
  }
  close_one(&report[0]);
  run->input = input[1], run->out.fd = out[0], run->err.fd = err[0];
  for (int i = 0; i < 3; i++) {
    int fd = (int[]){input[1], out[0], err[0]}[i];
    if (fd >= 0) fcntl(fd, F_SETFL, O_NONBLOCK);
  }
  return failed;
}

static void feed(struct running *run) {
  ssize_t written = run->left == 0 ? 0 : write(run->input, run->rest, run->left);
  if (written < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (written > 0) run->rest += written, run->left -= written;
  /* A program need not read all of its input. */
  if (written < 0 || run->left == 0) close_one(&run->input);
}

/** Reads what is available. @return 0 or the negative errno, -ENOBUFS beyond the limit */
static int take(JSContext *context, struct output *output, size_t limit) {
  while (output->fd >= 0) {
    if (output->length == output->room) {
      size_t room = output->room ? 4 * output->room : 16384;
      uint8_t *more = js_realloc(context, output->bytes, room);
      if (!more) return -ENOMEM;
      output->bytes = more, output->room = room;
    }
    ssize_t length = read(output->fd, output->bytes + output->length, output->room - output->length);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return errno == EAGAIN ? 0 : -errno;
    if (length == 0) close_one(&output->fd);
    output->length += length;
    if (output->length > limit) return -ENOBUFS;
  }
  return 0;
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/** Writes and reads until the program has ended. @return 0, or the negative errno: -ETIMEDOUT, -ENOBUFS */
static int attend(JSContext *context, struct running *run, int64_t deadline, int *status) {
  for (int failed = 0;;) {
    if (!failed) failed = take(context, &run->out, run->limit);
    if (!failed) failed = take(context, &run->err, run->limit);
    if (failed) return failed;
    pid_t ended = waitpid(run->pid, status, WNOHANG);
    if (ended == run->pid) {
      run->pid = 0;
      /* Its last output may have arrived since. Other processes that hold its end of the pipe are not waited for. */
      failed = take(context, &run->out, run->limit);
      return failed ? failed : take(context, &run->err, run->limit);
    }
    int64_t left = deadline - now();
    if (left <= 0) return -ETIMEDOUT;
    struct pollfd ready[] = {{run->children, POLLIN, 0}, {run->out.fd, POLLIN, 0}, {run->err.fd, POLLIN, 0}, {run->input, POLLOUT, 0}};
    if (poll(ready, 4, left > 1000 ? 1000 : (int)left) < 0 && errno != EINTR) return -errno;
    struct signalfd_siginfo word;
    while (ready[0].revents && read(run->children, &word, sizeof word) == sizeof word)
      ;
    if (ready[3].revents) feed(run);
  }
}

/** Runs it from start to end, with SIGCHLD blocked. @return 0 or the negative errno */
static int run_program(JSContext *context, struct running *run, const struct program *program, int64_t milliseconds,
                       int *status) {
  sigset_t children, before;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  signal(SIGCHLD, SIG_DFL);
  sigprocmask(SIG_BLOCK, &children, &before);
  void (*interrupt)(int) = SIG_DFL, (*quit)(int) = SIG_DFL;
  if (program->streams == FOREGROUND) interrupt = signal(SIGINT, SIG_IGN), quit = signal(SIGQUIT, SIG_IGN);
  run->children = signalfd(-1, &children, SFD_NONBLOCK | SFD_CLOEXEC);
  int failed = run->children < 0 ? -errno : begin(run, program);
  if (!failed) failed = attend(context, run, now() + milliseconds, status);
  if (failed && run->pid > 0) {
    kill(run->pid, SIGKILL);
    waitpid(run->pid, NULL, 0);
  }
  close_one(&run->children), close_one(&run->input), close_one(&run->out.fd), close_one(&run->err.fd);
  if (program->streams == FOREGROUND) signal(SIGINT, interrupt), signal(SIGQUIT, quit);
  sigprocmask(SIG_SETMASK, &before, NULL);
  return failed;
}

/** A list of strings as execve(2) wants it, preceded by those of `before` that no string in the list replaces. */
static char **new_texts(JSContext *context, JSValueConst list, char **before) {
  int64_t count, had = 0;
  while (before && before[had]) had++;
  if (!JS_IsArray(list)) return JS_ThrowTypeError(context, "not a list"), NULL;
  if (JS_GetLength(context, list, &count)) return NULL;
  if (count > 1024) return JS_ThrowRangeError(context, "a list of more than 1024"), NULL;
  char **texts = js_calloc(context, had + count + 1, sizeof *texts);
  if (!texts) return NULL;
  for (int64_t i = 0; i < count; i++) {
    const char *text;
    JSValue item = JS_GetPropertyUint32(context, list, (uint32_t)i);
    int bad = JS_IsException(item) ? -1 : get_text(context, item, &text);
    JS_FreeValue(context, item);
    if (bad > 0) JS_ThrowTypeError(context, "a string with a NUL in it");
    if (bad) return NULL;
    texts[i] = js_strdup(context, text);
    JS_FreeCString(context, text);
    if (!texts[i]) return NULL;
  }
  for (int64_t i = 0, at = count; i < had; i++) {
    size_t name = strcspn(before[i], "=") + 1;
    int replaced = 0;
    for (int64_t j = 0; j < count && !replaced; j++) replaced = strncmp(before[i], texts[j], name) == 0;
    if (!replaced) texts[at++] = before[i];
  }
  return texts;
}

/**
 * run(file, argv, variables, stdin, limit, milliseconds, streams): [status, signal, stdout, stderr], or the negative
 * errno: -ETIMEDOUT, -ENOBUFS for output beyond the limit. The variables are added to our own environment; `streams`
 * is one of enum streams. Nothing is freed: a process runs few programs.
 */
static JSValue js_run(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  int64_t limit, milliseconds;
  int streams;
  struct running run = {.input = -1, .children = -1, .out.fd = -1, .err.fd = -1};
  if (argc < 7) return JS_ThrowTypeError(context, "too few arguments");
  const char *file;
  int bad = get_text(context, argv[0], &file);
  if (bad) return bad < 0 ? JS_EXCEPTION : JS_NewInt32(context, -ENOENT);
  char **arguments = new_texts(context, argv[1], NULL), **variables = arguments ? new_texts(context, argv[2], environ) : NULL;
  if (!variables) return JS_EXCEPTION;
  if (get_integer(context, argv[4], &limit) || get_integer(context, argv[5], &milliseconds) ||
      get_int(context, argv[6], &streams) || get_bytes(context, argv[3], (uint8_t **)&run.rest, &run.left))
    return JS_EXCEPTION;
  run.limit = limit < 0 ? 0 : (size_t)limit;
  int status = 0;
  const struct program program = {file, arguments, variables,
                                  streams == FOREGROUND ? FOREGROUND : streams ? ALL_CAPTURED : ITS_ERRORS_ARE_OURS};
  int failed = run_program(context, &run, &program, milliseconds, &status);
  if (failed) return JS_NewInt32(context, failed);
  JSValue result = JS_NewArray(context);
  const JSValue parts[] = {
      JS_NewInt32(context, WIFEXITED(status) ? WEXITSTATUS(status) : -1),
      JS_NewInt32(context, WIFSIGNALED(status) ? WTERMSIG(status) : 0),
      JS_NewUint8ArrayCopy(context, run.out.bytes, run.out.length),
      JS_NewUint8ArrayCopy(context, run.err.bytes, run.err.length),
  };
  for (uint32_t i = 0; i < 4; i++)
    if (JS_DefinePropertyValueUint32(context, result, i, parts[i], JS_PROP_C_W_E) < 0) return JS_EXCEPTION;
  return result;
}

void add_programs(JSContext *context, JSValueConst native) {
  add_function(context, native, "run", js_run, 7);
}
