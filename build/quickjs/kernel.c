/*
 * The fake kernel for training (training.c), in place of syscall(2): it does nothing and agrees to everything. Whatever
 * link, address or route is asked for exists; few files exist before they are opened.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <linux/if.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <linux/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>

/** The owner of each veth; see training.c. */
#define LABEL "cni network container eth0"
#define INDEX "/.attachments/"

/* The contents of standard input and of the last opened file; numbers that no descriptor of this process has. */
const char *standard_input;
static const char *contents;
static int descriptors = 1 << 20;
/* Pending replies, one message each. */
static _Alignas(8) char queue[1 << 16];
static size_t head, tail;

static void *append(const void *bytes, size_t length) {
  void *place = memcpy(queue + tail, bytes, length);
  tail += NLMSG_ALIGN(length);
  return place;
}

static struct rtattr *put(int type, const void *value, size_t length) {
  struct rtattr *attribute = append(&(struct rtattr){RTA_LENGTH(length), type}, sizeof *attribute);
  append(value, length);
  return attribute;
}

static void end(struct rtattr *nest) { nest->rta_len = queue + tail - (char *)nest; }

/** A bridge or a veth by its name, its port and its own peer at once: it has all that a request may ask about. */
static void put_link(struct ifinfomsg *link, const char *name) {
  int is_bridge = strncmp(name, "bridge", 6) == 0;
  link->ifi_index = is_bridge ? 1 : 2;
  link->ifi_flags = IFF_UP;
  put(IFLA_IFNAME, name, strlen(name) + 1);
  /* What randomPortMac (plugin/attach/host-veth.ts) makes of the zeros that are random here. */
  put(IFLA_ADDRESS, is_bridge ? "\2\0\0\0\0\1" : "\376\0\0\0\0\0", 6);
  if (!is_bridge) put(IFLA_IFALIAS, LABEL, sizeof LABEL);
  put(IFLA_MTU, &(int){1500}, 4);
  put(IFLA_OPERSTATE, &(char){IF_OPER_UP}, 1);
  if (!is_bridge) put(IFLA_LINK, &(int){2}, 4), put(IFLA_MASTER, &(int){1}, 4);
  struct rtattr *info = put(IFLA_LINKINFO, NULL, 0);
  put(IFLA_INFO_KIND, is_bridge ? "bridge" : "veth", is_bridge ? 7 : 5);
  if (!is_bridge) put(IFLA_INFO_SLAVE_KIND, "bridge", 7);
  struct rtattr *data = put(is_bridge ? IFLA_INFO_DATA : IFLA_INFO_SLAVE_DATA, NULL, 0);
  if (is_bridge) put(IFLA_BR_BRIDGE_ID, "\200\0\2\0\0\0\0\1", 8);
  else put(IFLA_BRPORT_STATE, &(char){BR_STATE_FORWARDING}, 1);
  end(data);
  end(info);
}

/** The name that a request has, or that of the link whose index it has; none in a dump. */
static const char *name_in(const struct nlmsghdr *request) {
  const struct ifinfomsg *link = NLMSG_DATA(request);
  int length = IFLA_PAYLOAD(request);
  for (struct rtattr *one = IFLA_RTA(link); RTA_OK(one, length); one = RTA_NEXT(one, length))
    if (one->rta_type == IFLA_IFNAME) return RTA_DATA(one);
  return link->ifi_index == 1 ? "bridge0" : link->ifi_index == 2 ? "veth0" : "";
}

static void answer(const struct nlmsghdr *to, int type, const void *body, size_t length) {
  struct nlmsghdr *message = append(&(struct nlmsghdr){.nlmsg_type = type, .nlmsg_seq = to->nlmsg_seq}, sizeof *message);
  unsigned char *header = append(body, length);
  if (type == RTM_NEWLINK) put_link((void *)header, name_in(to));
  /* The prefix length; each link has an address of its own. */
  if (type == RTM_NEWADDR) header[1] = 16, put(IFA_LOCAL, (char[]){10, 1, 0, header[4]}, 4);
  if (type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN)) put(NFTA_CHAIN_USE, "\0\0\0\100", 4);
  if (type == RTM_NEWROUTE) header[4] = RT_TABLE_MAIN, header[7] = RTN_UNICAST;
  message->nlmsg_len = queue + tail - (char *)message;
}

#define NFTABLES(type) (NFNL_SUBSYS_NFTABLES << 8 | (type))
/* The last element added to a map. */
static char element[1024];
static size_t element_length;

/** Answers a request with what it asks for, echoing the request if nothing better is known. */
static void take(const struct nlmsghdr *message) {
  int type = message->nlmsg_type;
  size_t length = type == RTM_GETLINK ? sizeof(struct ifinfomsg) : message->nlmsg_len - sizeof *message;
  /* In rtnetlink every third of four message types is a get, in nftables every second of three. */
  if (type < RTM_MAX && (type & 3) == 2) answer(message, type - 2, message + 1, length);
  if (type == NFTABLES(NFT_MSG_NEWSETELEM) && length <= sizeof element) memcpy(element, message + 1, element_length = length);
  if (type == NFTABLES(NFT_MSG_GETSETELEM) && element_length) answer(message, type - 1, element, element_length);
  else if (type >> 8 == NFNL_SUBSYS_NFTABLES && (type & 255) % 3 == 1) answer(message, type - 1, message + 1, length);
  if (message->nlmsg_flags & NLM_F_ACK) answer(message, NLMSG_ERROR, &(struct nlmsgerr){0, *message}, sizeof(struct nlmsgerr));
  else answer(message, NLMSG_DONE, &(int){0}, sizeof(int));
}

static long send_all(const char *bytes, size_t size) {
  head = tail = 0;
  for (size_t at = 0; at < size; at += NLMSG_ALIGN(((struct nlmsghdr *)(bytes + at))->nlmsg_len)) take((void *)(bytes + at));
  return size;
}

static long give(char *buffer, const void *bytes, size_t length) { return memcpy(buffer, bytes, length), length; }

static long receive(char *buffer) {
  const struct nlmsghdr *message = (void *)(queue + head);
  if (head == tail) return errno = EAGAIN, -1;
  head += NLMSG_ALIGN(message->nlmsg_len);
  return give(buffer, message, message->nlmsg_len);
}

static long read_all(char *buffer, const char **text) {
  const char *all = *text;
  *text = "";
  return give(buffer, all, strlen(all));
}

static int ends(const char *path, const char *name) {
  size_t length = strlen(path), end = strlen(name);
  return length >= end && strcmp(path + length - end, name) == 0;
}

/* The container's entry in the index of leases once an ADD has made it, and whether a directory lists it next. */
static char entry[256];
static int is_listed;

/** The entries' directories are below this one. */
static const char *in_index(const char *path) {
  const char *found = strstr(path, INDEX);
  return found ? found + strlen(INDEX) : NULL;
}

static long rename_to(const char *path) {
  const char *name = in_index(path) ? strrchr(path, '/') : NULL;
  if (name && strlen(name) < sizeof entry) strcpy(entry, name + 1);
  return 0;
}

static long list_names(char *buffer) {
  if (!is_listed) return 0;
  is_listed = 0;
  /* struct linux_dirent64: inode, offset, length of the record, type, name */
  uint16_t size = (19 + strlen(entry) + 8) & ~7;
  memset(buffer, 0, size);
  memcpy(buffer + 16, &size, sizeof size);
  strcpy(buffer + 19, entry);
  return size;
}

/** The network has leases with a complete index (ipam/leases/stamp.ts). */
static long stat_path(int fd, const char *path, struct statx *stat) {
  *stat = (struct statx){.stx_mode = S_IFREG | 0600, .stx_ino = fd};
  const char *bucket = in_index(path);
  if (ends(path, "/network") || ends(path, "/.attachments") || (bucket && strlen(bucket) == 2))
    *stat = (struct statx){.stx_mode = S_IFDIR | 0755, .stx_mtime.tv_sec = 981173107};
  else if (ends(path, "/lock")) stat->stx_ino = descriptors - 1;
  else if (*path) return errno = ENOENT, -1;
  return 0;
}

static const char *contents_of(const char *path) {
  if (ends(path, "boot_id")) return "00000000-0000-4000-8000-000000000000\n";
  if (ends(path, "/10.1.0.2")) return "container\r\neth0";
  return strstr(path, "last_reserved_ip") ? "10.1.0.1" : "0\n";
}

long __wrap_syscall(long number, ...) {
  long words[5];
  va_list list;
  va_start(list, number);
  for (int i = 0; i < 5; i++) words[i] = va_arg(list, long);
  va_end(list);
  char *bytes = (char *)words[1];
  if (number == SYS_openat) contents = contents_of(bytes), is_listed = entry[0] != 0;
  if (number == SYS_renameat2) return rename_to((char *)words[3]);
  if (number == SYS_getdents64) return list_names(bytes);
  if (number == SYS_openat || number == SYS_socket) return descriptors++;
  if (number == SYS_read) return read_all(bytes, words[0] == 0 ? &standard_input : &contents);
  if (number == SYS_write || number == SYS_pwrite64) return words[2];
  if (number == SYS_statx) return stat_path((int)words[0], bytes, (struct statx *)words[4]);
  if (number == SYS_sendto) return send_all(bytes, words[2]);
  if (number == SYS_recvfrom) return receive(bytes);
  return number == SYS_getrandom ? words[1] : 0;
}

/** No program is run. */
pid_t __wrap_fork(void) { return errno = EPERM, -1; }
