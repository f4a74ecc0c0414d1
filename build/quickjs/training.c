/*
 * Training finds the blocks of the heap that calls write to. They are then put side by side, since the kernel copies
 * each page that is written to; after them come those that calls only read, since each page has to be mapped. The heap
 * is built as for the executable, but with each block on its own pages. Access to these is then taken away, and main is
 * called for one command after another on a fake kernel (kernel.c). Blocks that are freed before that are kept out of
 * the executable.
 *
 * usage: training OUTPUT, a file of 32-bit numbers: where the places that an ADD writes to end, where all assigned places
 * end, then for each block, in the order of allocation, its place: an offset in the heap, 0 for anywhere,
 * HEAP_PASSING for one that is freed again before the heap is written.
 */
#define TRAINING
#include "main.c"

extern const char *standard_input;
struct heap heap;

/* A configuration without its last brace, and its result. */
#define CONFIGURATION \
  "{\"cniVersion\":\"1.0.0\",\"name\":\"network\",\"type\":\"bridge\",\"bridge\":\"bridge0\",\"isGateway\":true,\"ipMasq\":true," \
  "\"ipam\":{\"type\":\"host-local\",\"subnet\":\"10.1.0.0/16\",\"routes\":[{\"dst\":\"0.0.0.0/0\"}]}"
#define RESULT \
  "{\"cniVersion\":\"1.0.0\",\"interfaces\":[{\"name\":\"bridge0\"},{\"name\":\"veth0\"},{\"name\":\"eth0\",\"sandbox\":\"/n\"}]," \
  "\"ips\":[{\"address\":\"10.1.0.2/16\",\"gateway\":\"10.1.0.1\",\"interface\":2}],\"routes\":[{\"dst\":\"0.0.0.0/0\"}],\"dns\":{}}"
/* Blocks that all calls write to come first, then those that some calls write to. */
static const struct {
  const char *command, *configuration;
  int status;
} calls[] = {{"VERSION", "", 0},
#define ADD 1
             {"ADD", CONFIGURATION "}", 0},
             {"CHECK", CONFIGURATION ",\"prevResult\":" RESULT "}", 0},
             {"DEL", CONFIGURATION "}", 0}};
#define CALLS (sizeof calls / sizeof *calls)

#define PAGE 4096
#define ROOM (256u << 20)
static _Alignas(PAGE) char room[ROOM];
static char *next = room;
static uint32_t owners[ROOM / PAGE];
static struct {
  uint32_t size;
  enum { UNTOUCHED, READ, WRITTEN } state;
  uint32_t gone; /* freed before any call */
} blocks[1 << 16];
static uint32_t count;
/* The blocks that were read and those that were written to, in order, and how many were written to by the end of an ADD. */
struct touched {
  uint32_t block[sizeof blocks / sizeof *blocks], count;
};
static struct touched read_first, written;
static uint32_t written_by_add;

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

static void note(struct touched *list, uint32_t block) { list->block[list->count++] = block; }

/** The first fault on a page makes it readable; a second one is a write. */
static void on_touch(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)context;
  static char opened[ROOM / PAGE];
  size_t page = ((char *)info->si_addr - room) / PAGE;
  if (page >= ROOM / PAGE) _exit(1);
  uint32_t block = owners[page];
  int is_write = opened[page]++;
  if (mprotect(room + page * PAGE, PAGE, is_write ? PROT_READ | PROT_WRITE : PROT_READ)) _exit(1);
  if (is_write && blocks[block].state != WRITTEN) note(&written, block), blocks[block].state = WRITTEN;
  else if (blocks[block].state == UNTOUCHED) note(&read_first, block), blocks[block].state = READ;
}

static void train(void) {
  sigaction(SIGSEGV, &(struct sigaction){.sa_sigaction = on_touch, .sa_flags = SA_SIGINFO}, NULL);
  if (mprotect(room, next - room, PROT_NONE)) give_up(NULL, "mprotect");
  for (size_t call = 0; call < CALLS; call++) {
    char command[32];
    snprintf(command, sizeof command, "CNI_COMMAND=%s", calls[call].command);
    environ = (char *[]){command, "CNI_CONTAINERID=container", "CNI_NETNS=/n", "CNI_IFNAME=eth0", "CNI_PATH=/bin", NULL};
    standard_input = calls[call].configuration;
    int status = on_own_stack(start);
    /* The executable still works, but is slower. */
    if (status != calls[call].status)
      fprintf(stderr, "training: %s ended with %d: teach kernel.c to answer what it asks\n", calls[call].command, status);
    if (call == ADD) written_by_add = written.count;
  }
}

static int write_places(const char *path) {
  static uint32_t ends[2], places[sizeof blocks / sizeof *blocks];
  uint32_t at = sizeof(struct heap);
  for (uint32_t i = 0; i < written.count; i++) {
    uint32_t block = written.block[i];
    /* A large block has pages of its own anyway. */
    if (blocks[block].size < PAGE) places[block] = at, at += blocks[block].size;
    if (i < written_by_add) ends[0] = at;
  }
  for (uint32_t i = 0; i < read_first.count; i++) {
    uint32_t block = read_first.block[i];
    if (blocks[block].state == READ) places[block] = at, at += blocks[block].size;
  }
  ends[1] = at;
  for (uint32_t block = 0; block < count; block++)
    if (blocks[block].gone) places[block] = HEAP_PASSING;
  FILE *output = fopen(path, "wb");
  if (!output || fwrite(ends, sizeof *ends, 2, output) != 2) return -1;
  return fwrite(places, sizeof *places, count, output) == count ? fclose(output) : -1;
}

int main(int argc, char **argv) {
  if (argc != 2) return fprintf(stderr, "usage: training OUTPUT\n"), 2;
  host_argv = (char *[]){"bridge", NULL};
  heap_place = on_own_pages;
  heap_gone = on_free;
  make(&heap_functions, (const uint8_t *)heap_section, heap_section_end - heap_section);
  heap_place = NULL;
  heap_gone = NULL;
  /* As in heap_write: no freed block is reused. */
  memset(heap.freed, 0, sizeof heap.freed);
  train();
  if (write_places(argv[1])) give_up(NULL, argv[1]);
  return 0;
}
