// Runs programs as a container runtime does, and measures them from exec to exit. Standard input is a list of groups: a
// line "LABEL\tCONCURRENCY\tCOUNT", then COUNT lines "HOST\tSTDIN\tNAME=VALUE\t...\tPROGRAM\tARGUMENT\t...". HOST is
// the network namespace to call from, STDIN a file whose text the program finds in a pipe. For each group it prints
// "LABEL\tNANOSECONDS\tMICROSECONDS\tKIBIBYTES": from the first start to the last exit; processor time; the largest
// peak of resident memory, which is at least this program's own. The last two count a program's own children too. It
// exits if a program fails.

#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// A pipe takes 64 KiB before anybody reads it.
enum { max_fields = 64, max_jobs = 4096, max_input = 65536 };

struct job {
  char *line;
  char *host;
  char *fields[max_fields + 2];
  char **environment;
  char **argv;
  char *input;
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

static void read_input(struct job *job, const char *path) {
  struct stat status;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &status) != 0) err(2, "%s", path);
  if (status.st_size > max_input) errx(2, "too long: %s", path);
  job->input_length = status.st_size;
  job->input = malloc(status.st_size + 1);
  if (job->input == NULL || read(fd, job->input, status.st_size) != status.st_size) err(2, "%s", path);
  close(fd);
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
  read_input(job, path);
}

static void enter(const char *host) {
  static char current[4096];
  if (strcmp(host, current) == 0) return;
  int fd = open(host, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || setns(fd, CLONE_NEWNET) != 0) err(2, "%s", host);
  close(fd);
  snprintf(current, sizeof current, "%s", host);
}

// vfork copies nothing of this process, so only exec comes between its clock and the program: posix_spawn(3) sets 64
// signals and takes 60 µs more. Returns when the program was started.
static long long start(struct job *job) {
  int input[2], output[2];
  if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0) err(2, "pipe");
  if (write(input[1], job->input, job->input_length) != job->input_length) err(2, "write");
  close(input[1]);
  long long begin = now();
  job->pid = vfork();
  if (job->pid == 0) {
    dup2(input[0], 0);
    dup2(output[1], 1);
    execve(job->argv[0], job->argv, job->environment);
    _exit(127);
  }
  if (job->pid < 0) err(2, "vfork");
  close(input[0]);
  close(output[1]);
  job->output = output[0];
  return begin;
}

static void fail(struct job *job, int status) {
  char text[65536];
  ssize_t length = read(job->output, text, sizeof text);
  warnx("%s ended with status 0x%x in %s", job->argv[0], status, job->host);
  for (char **field = job->environment; *field != NULL; field++) fprintf(stderr, "  %s\n", *field);
  if (length > 0) fprintf(stderr, "%.*s\n", (int)length, text);
  exit(1);
}

// A plugin's output fits into its pipe, so nobody needs to read it meanwhile.
static void finish(int count, struct rusage *usage) {
  int status;
  pid_t pid = wait4(-1, &status, 0, usage);
  if (pid < 0) err(2, "wait4");
  for (struct job *job = jobs; job < jobs + count; job++) {
    if (job->pid != pid) continue;
    if (status != 0) fail(job, status);
    close(job->output);
    // Descriptor numbers are reused: this one may belong to a later job.
    job->pid = 0;
  }
}

static long long microseconds(struct timeval time) { return time.tv_sec * 1000000LL + time.tv_usec; }

// Takes priority over everything else on the machine, if allowed: within the session, and among sessions ("The
// autogroup feature", sched(7)).
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
    long long begin = 0;
    for (int i = 0; i < count || running > 0;) {
      if (i < count && running < concurrency) {
        long long started = start(&jobs[i]);
        if (i++ == 0) begin = started;
        running++;
        continue;
      }
      struct rusage usage;
      finish(i, &usage);
      if (usage.ru_maxrss > peak) peak = usage.ru_maxrss;
      processor += microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
      running--;
    }
    long long end = now();
    printf("%s\t%lld\t%lld\t%ld\n", label, end - begin, processor, peak);
    for (int i = 0; i < count; i++) {
      free(jobs[i].line);
      free(jobs[i].input);
    }
  }
  free(line);
  return 0;
}
