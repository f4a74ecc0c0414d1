/*
 * Training: to which blocks of the heap do calls write, and which are freed before the first call? Those that calls write
 * to are put side by side, for the kernel copies each page that is written to; those that are freed are kept out of the
 * executable. The heap is made as for the executable, but with each block on pages of its own. These are then made
 * read-only, and main is called for one command after the other, in a kernel that only says yes (kernel.c).
 *
 * usage: training OUTPUT, a file of 32-bit numbers: where the places end that are given to blocks, then for each block,
 * in the order of allocation, its place: an offset in the heap, 0 for anywhere, HEAP_PASSING for one that is freed again
 * before the heap is written.
 */
#define TRAINING
#include "main.c"

extern const char *standard_input;
struct heap heap;

/* A configuration without its last brace, and its result. */
#define CONFIGURATION \
  "{\"cniVersion\":\"1.0.0\",\"name\":\"network\",\"type\":\"bridge\",\"bridge\":\"bridge0\",\"isGateway\":true,\"ipMasq\":true," \
  "\"ipam\":{\"type\":\"host-local\",\"dataDir\":\"/d\",\"subnet\":\"10.1.0.0/16\",\"routes\":[{\"dst\":\"0.0.0.0/0\"}]}"
#define RESULT \
  "{\"cniVersion\":\"1.0.0\",\"interfaces\":[{\"name\":\"bridge0\"},{\"name\":\"veth0\"},{\"name\":\"eth0\",\"sandbox\":\"/n\"}]," \
  "\"ips\":[{\"address\":\"10.1.0.2/16\",\"gateway\":\"10.1.0.1\",\"interface\":2}],\"routes\":[{\"dst\":\"0.0.0.0/0\"}],\"dns\":{}}"
/* What all calls write to comes first, then what is written to by some. */
static const struct {
  const char *command, *configuration;
  int status;
} calls[] = {{"VERSION", "", 0},
             {"ADD", CONFIGURATION "}", 0},
             /* There is no lease. */
             {"CHECK", CONFIGURATION ",\"prevResult\":" RESULT "}", 1},
             {"DEL", CONFIGURATION "}", 0}};
#define CALLS (sizeof calls / sizeof *calls)

#define PAGE 4096
#define ROOM (256u << 20)
static _Alignas(PAGE) char room[ROOM];
static char *next = room;
static uint32_t owners[ROOM / PAGE];
static struct {
  uint32_t size;
  uint32_t call; /* the first that wrote to it, 0 for none */
  uint32_t gone; /* freed before any call */
} blocks[1 << 16];
static uint32_t count, call;

static char *on_own_pages(size_t size) {
  char *place = next;
  next += (size + PAGE - 1) & ~(size_t)(PAGE - 1);
  if (next > room + ROOM || count == sizeof blocks / sizeof *blocks) give_up(NULL, "no room for training");
  for (char *page = place; page < next; page += PAGE) owners[(page - room) / PAGE] = count;
  blocks[count++].size = size;
  return place;
}

static int on_free(void *block) {
  blocks[owners[((char *)block - room) / PAGE]].gone = 1;
  return 1;
}

static void on_write(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)context;
  size_t page = ((char *)info->si_addr - room) / PAGE;
  if (page >= ROOM / PAGE || mprotect(room + page * PAGE, PAGE, PROT_READ | PROT_WRITE)) _exit(1);
  if (blocks[owners[page]].call == 0) blocks[owners[page]].call = call;
}

static void train(void) {
  sigaction(SIGSEGV, &(struct sigaction){.sa_sigaction = on_write, .sa_flags = SA_SIGINFO}, NULL);
  if (mprotect(room, next - room, PROT_READ)) give_up(NULL, "mprotect");
  for (call = 1; call <= CALLS; call++) {
    char command[32];
    snprintf(command, sizeof command, "CNI_COMMAND=%s", calls[call - 1].command);
    environ = (char *[]){command, "CNI_CONTAINERID=container", "CNI_NETNS=/n", "CNI_IFNAME=eth0", "CNI_PATH=/bin", NULL};
    standard_input = calls[call - 1].configuration;
    int status = on_own_stack(start);
    /* The executable is right all the same, but slow. */
    if (status != calls[call - 1].status)
      fprintf(stderr, "training: %s ended with %d: teach kernel.c to answer what it asks\n", calls[call - 1].command, status);
  }
}

static int write_places(const char *path) {
  static uint32_t places[sizeof blocks / sizeof *blocks + 1];
  uint32_t at = sizeof(struct heap);
  for (call = 1; call <= CALLS; call++)
    for (uint32_t block = 0; block < count; block++)
      /* A large block is on pages of its own anyway. */
      if (blocks[block].call == call && blocks[block].size < PAGE) places[block + 1] = at, at += blocks[block].size;
  for (uint32_t block = 0; block < count; block++)
    if (blocks[block].gone) places[block + 1] = HEAP_PASSING;
  places[0] = at;
  FILE *output = fopen(path, "wb");
  return output && fwrite(places, sizeof *places, count + 1, output) == count + 1 ? fclose(output) : -1;
}

int main(int argc, char **argv) {
  if (argc != 2) return fprintf(stderr, "usage: training OUTPUT\n"), 2;
  host_argv = (char *[]){"bridge", NULL};
  heap_place = on_own_pages;
  heap_gone = on_free;
  make(&heap_functions, (const uint8_t *)heap_section, heap_section_end - heap_section);
  heap_place = NULL;
  heap_gone = NULL;
  /* As heap_write does: no block that was freed is used again. */
  memset(heap.freed, 0, sizeof heap.freed);
  train();
  if (write_places(argv[1])) give_up(NULL, argv[1]);
  return 0;
}
