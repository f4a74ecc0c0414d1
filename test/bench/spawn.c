// Runs programs as a container runtime does, exec to exit, and tells how long that took. Standard input is a list of
// groups: a line "LABEL\tCONCURRENCY\tCOUNT", then COUNT lines "HOST\tSTDIN\tNAME=VALUE\t...\tPROGRAM\tARGUMENT\t...".
// HOST is the network namespace to call from, STDIN a file whose text the program finds in a pipe. For each group it
// prints "LABEL\tNANOSECONDS\tMICROSECONDS\tKIBIBYTES": from the first start to the last exit; processor time; the
// largest peak of resident memory. The last two count a program's own children too. A program that fails ends it all.

#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { max_fields = 64, max_jobs = 4096 };

struct job {
  char *line;
  char *host;
  char *fields[max_fields + 2];
  char **environment;
  char **argv;
  char input[8192];
  ssize_t input_length;
  int output;
  pid_t pid;
};

static struct job jobs[max_jobs];

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

// The environment and the arguments are two lists in one array, each with a NULL at its end.
static void parse_job(struct job *job, char *line) {
  job->line = line;
  line[strcspn(line, "\n")] = 0;
  job->host = strsep(&line, "\t");
  char *path = strsep(&line, "\t");
  int count = 0, in_environment = 1;
  job->environment = job->fields;
  for (char *field; (field = strsep(&line, "\t")) != NULL;) {
    if (in_environment && strchr(field, '=') == NULL) {
      in_environment = 0;
      job->fields[count++] = NULL;
      job->argv = job->fields + count;
    }
    if (count >= max_fields) errx(2, "too many fields: %s", job->host);
    job->fields[count++] = field;
  }
  job->fields[count] = NULL;
  if (in_environment) errx(2, "no program: %s", job->host);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) err(2, "%s", path);
  job->input_length = read(fd, job->input, sizeof job->input);
  if (job->input_length < 0 || job->input_length == sizeof job->input) errx(2, "cannot read %s", path);
  close(fd);
}

static void enter(const char *host) {
  static char current[4096];
  if (strcmp(host, current) == 0) return;
  int fd = open(host, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || setns(fd, CLONE_NEWNET) != 0) err(2, "%s", host);
  close(fd);
  snprintf(current, sizeof current, "%s", host);
}

// posix_spawn is vfork and exec: nothing of this process is copied.
static void start(struct job *job) {
  int input[2], output[2];
  if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0) err(2, "pipe");
  if (write(input[1], job->input, job->input_length) != job->input_length) err(2, "write");
  close(input[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input[0], 0);
  posix_spawn_file_actions_adddup2(&actions, output[1], 1);
  int error = posix_spawn(&job->pid, job->argv[0], &actions, NULL, job->argv, job->environment);
  if (error != 0) errx(2, "%s: %s", job->argv[0], strerror(error));
  posix_spawn_file_actions_destroy(&actions);
  close(input[0]);
  close(output[1]);
  job->output = output[0];
}

static void fail(struct job *job, int status) {
  char text[65536];
  ssize_t length = read(job->output, text, sizeof text);
  warnx("%s ended with status 0x%x in %s", job->argv[0], status, job->host);
  for (char **field = job->environment; *field != NULL; field++) fprintf(stderr, "  %s\n", *field);
  if (length > 0) fprintf(stderr, "%.*s\n", (int)length, text);
  exit(1);
}

// What a plugin prints fits into its pipe, so nobody needs to read along.
static void finish(int count, struct rusage *usage) {
  int status;
  pid_t pid = wait4(-1, &status, 0, usage);
  if (pid < 0) err(2, "wait4");
  for (struct job *job = jobs; job < jobs + count; job++) {
    if (job->pid != pid) continue;
    if (status != 0) fail(job, status);
    close(job->output);
    // Numbers are used again: this one may be a later job's.
    job->pid = 0;
  }
}

static long long microseconds(struct timeval time) { return time.tv_sec * 1000000LL + time.tv_usec; }

// Whatever else the machine does comes second, where this is allowed: within the session, and among sessions
// ("The autogroup feature", sched(7)).
static void come_first(void) {
  (void)setpriority(PRIO_PROCESS, 0, -20);
  if (setsid() < 0) return;
  int fd = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  if (write(fd, "-20", 3) != 3) warn("autogroup");
  close(fd);
}

int main(void) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  come_first();
  char *line = NULL;
  size_t size = 0;
  while (getline(&line, &size, stdin) > 0) {
    char label[256];
    int concurrency, count;
    if (sscanf(line, "%255[^\t]\t%d\t%d", label, &concurrency, &count) != 3) errx(2, "no group: %s", line);
    if (count > max_jobs) errx(2, "too many jobs: %d", count);
    for (int i = 0; i < count; i++) {
      if (getline(&line, &size, stdin) <= 0) errx(2, "group %s ends early", label);
      parse_job(&jobs[i], line);
      line = NULL;
    }
    if (count > 0) enter(jobs[0].host);
    long peak = 0;
    long long processor = 0;
    int running = 0;
    long long begin = now();
    for (int i = 0; i < count || running > 0;) {
      if (i < count && running < concurrency) {
        start(&jobs[i++]);
        running++;
        continue;
      }
      struct rusage usage;
      finish(i, &usage);
      if (usage.ru_maxrss > peak) peak = usage.ru_maxrss;
      processor += microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
      running--;
    }
    printf("%s\t%lld\t%lld\t%ld\n", label, now() - begin, processor, peak);
    for (int i = 0; i < count; i++) free(jobs[i].line);
  }
  free(line);
  return 0;
}
