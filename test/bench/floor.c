// The floor of the benchmark: makes the state that an ADD or a DEL of the plugin leaves, by bare system calls. It reads
// no configuration, checks nothing, chooses no address and prints no result; it exits if the kernel refuses a message.
// It is called with a plugin's environment, and with arguments for what a plugin would find out by itself:
//
//   floor BRIDGE VETH LEASE_DIRECTORY NETWORK ADDRESS PREFIX GATEWAY [masquerade]
//
// The bridge is there, and so is the network's nftables table: another container is attached already.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

// From the environment, as in a plugin, and from the arguments.
static const char *container_id, *ifname, *bridge, *veth, *directory, *network, *address_text;
static struct in_addr address, mask, gateway;
static char label[256];

// Messages on their way to the kernel, one after the other, and the last of them.
static _Alignas(struct nlmsghdr) char datagram[4096];
static size_t length;
static struct nlmsghdr *last;

static void *take(size_t size) {
  void *place = datagram + length;
  length += NLMSG_ALIGN(size);
  if (length > sizeof datagram) errx(1, "the messages take more than %zu bytes", sizeof datagram);
  last->nlmsg_len = datagram + length - (char *)last;
  return memset(place, 0, NLMSG_ALIGN(size));
}

// Begins a message; returns its own header, which follows the one that all have.
static void *message(int type, int flags, size_t header_size) {
  last = (struct nlmsghdr *)(datagram + length);
  take(sizeof *last);
  last->nlmsg_type = type;
  last->nlmsg_flags = NLM_F_REQUEST | flags;
  return take(header_size);
}

static struct nlattr *put(int type, const void *value, size_t size) {
  struct nlattr *attribute = take(NLA_HDRLEN + size);
  attribute->nla_type = type;
  attribute->nla_len = NLA_HDRLEN + size;
  if (size > 0) memcpy((char *)attribute + NLA_HDRLEN, value, size);
  return attribute;
}

static void put_text(int type, const char *text) { put(type, text, strlen(text) + 1); }

static void put_u32(int type, uint32_t value) { put(type, &value, sizeof value); }

static struct nlattr *nest(int type) { return put(type | NLA_F_NESTED, NULL, 0); }

static void end_nest(struct nlattr *nest) { nest->nla_len = datagram + length - (char *)nest; }

static int open_netlink(int protocol) {
  int fd = socket(AF_NETLINK, SOCK_RAW, protocol);
  if (fd < 0) err(1, "netlink socket");
  return fd;
}

// Sends the messages, one of which asks for an acknowledgement. The kernel has processed them all when the send
// returns, and reports a refusal unasked, so the first reply counts.
static void send_all(int fd, const char *what) {
  struct {
    struct nlmsghdr header;
    struct nlmsgerr error;
    char rest[4096];
  } answer;
  if (send(fd, datagram, length, 0) != (ssize_t)length) err(1, "send: %s", what);
  length = 0;
  ssize_t size = recv(fd, &answer, sizeof answer, MSG_DONTWAIT);
  if (size < (ssize_t)NLMSG_LENGTH(sizeof answer.error)) err(1, "no answer: %s", what);
  if (answer.header.nlmsg_type != NLMSG_ERROR) errx(1, "answer %d: %s", answer.header.nlmsg_type, what);
  if (answer.error.error != 0) errx(1, "%s: %s", what, strerror(-answer.error.error));
}

static void set_sysctl(const char *format, const char *interface, const char *value) {
  char path[128];
  snprintf(path, sizeof path, format, interface);
  int fd = open(path, O_WRONLY);
  if (fd < 0 || write(fd, value, 1) != 1) err(1, "%s", path);
  close(fd);
}

static unsigned index_of(const char *name) {
  unsigned index = if_nametoindex(name);
  if (index == 0) err(1, "%s", name);
  return index;
}

// The pair, the host's end a port of the bridge, up and labelled, the other in the container's namespace.
static void make_pair(int host, int namespace) {
  struct ifinfomsg *link = message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof *link);
  link->ifi_flags = link->ifi_change = IFF_UP;
  put_text(IFLA_IFNAME, veth);
  put_u32(IFLA_MASTER, index_of(bridge));
  struct nlattr *info = nest(IFLA_LINKINFO);
  put_text(IFLA_INFO_KIND, "veth");
  struct nlattr *data = nest(IFLA_INFO_DATA);
  struct nlattr *peer = nest(VETH_INFO_PEER);
  take(sizeof *link);
  put_text(IFLA_IFNAME, ifname);
  put_u32(IFLA_NET_NS_FD, namespace);
  end_nest(peer);
  end_nest(data);
  end_nest(info);
  message(RTM_NEWLINK, NLM_F_ACK, sizeof *link);
  put_text(IFLA_IFNAME, veth);
  put_text(IFLA_IFALIAS, label);
  send_all(host, "veth pair");
  set_sysctl("/proc/sys/net/ipv6/conf/%s/accept_ra", veth, "0");
}

// From here on in the container's namespace; sockets that are open stay where they are.
static void configure_container(int namespace, unsigned prefix) {
  if (setns(namespace, CLONE_NEWNET) != 0) err(1, "setns");
  set_sysctl("/proc/sys/net/ipv4/conf/%s/arp_notify", ifname, "1");
  set_sysctl("/proc/sys/net/ipv6/conf/%s/accept_dad", ifname, "0");
  set_sysctl("/proc/sys/net/ipv6/conf/%s/accept_ra", ifname, "0");
  unsigned index = index_of(ifname);
  struct ifinfomsg *link = message(RTM_NEWLINK, 0, sizeof *link);
  link->ifi_index = index;
  link->ifi_flags = link->ifi_change = IFF_UP;
  struct ifaddrmsg *own = message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, sizeof *own);
  own->ifa_family = AF_INET;
  own->ifa_prefixlen = prefix;
  own->ifa_index = index;
  put(IFA_LOCAL, &address, sizeof address);
  put(IFA_ADDRESS, &address, sizeof address);
  put_u32(IFA_BROADCAST, address.s_addr | ~mask.s_addr);
  struct rtmsg *route = message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_ACK, sizeof *route);
  route->rtm_family = AF_INET;
  route->rtm_table = RT_TABLE_MAIN;
  route->rtm_protocol = RTPROT_BOOT;
  route->rtm_type = RTN_UNICAST;
  put_u32(RTA_OIF, index);
  put(RTA_GATEWAY, &gateway, sizeof gateway);
  send_all(open_netlink(NETLINK_ROUTE), "address and route");
}

static void delete_pair(int host) {
  message(RTM_DELLINK, NLM_F_ACK, sizeof(struct ifinfomsg));
  put_text(IFLA_IFNAME, veth);
  send_all(host, "delete veth pair");
}

static void nft_message(int type, int flags, int family, int resource) {
  struct nfgenmsg *header = message(type, flags, sizeof *header);
  header->nfgen_family = family;
  header->res_id = htons(resource);
}

// Where packets from the address go next, and who owns the address.
static void put_element_value(void) {
  struct in_addr subnet = {address.s_addr & mask.s_addr};
  char chain[64];
  snprintf(chain, sizeof chain, "masquerade-%s/%d", inet_ntoa(subnet), __builtin_popcount(mask.s_addr));
  struct nlattr *data = nest(NFTA_SET_ELEM_DATA);
  struct nlattr *verdict = nest(NFTA_DATA_VERDICT);
  put_u32(NFTA_VERDICT_CODE, htonl(NFT_GOTO));
  put_text(NFTA_VERDICT_CHAIN, chain);
  end_nest(verdict);
  end_nest(data);
  // A comment, as nft(8) writes it: its type, its length, its text.
  char comment[sizeof label + 2] = {0, strlen(label) + 1};
  memcpy(comment + 2, label, strlen(label) + 1);
  put(NFTA_SET_ELEM_USERDATA, comment, strlen(label) + 3);
}

// Adds the address to the map of what is masqueraded, or deletes it there.
static void change_map(int netfilter, int type, int flags) {
  char table[128];
  snprintf(table, sizeof table, "cni-bridge-%s", network);
  nft_message(NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
  nft_message(NFNL_SUBSYS_NFTABLES << 8 | type, NLM_F_ACK | flags, NFPROTO_INET, 0);
  put_text(NFTA_SET_ELEM_LIST_TABLE, table);
  put_text(NFTA_SET_ELEM_LIST_SET, "sources4");
  struct nlattr *elements = nest(NFTA_SET_ELEM_LIST_ELEMENTS);
  struct nlattr *element = nest(NFTA_LIST_ELEM);
  struct nlattr *key = nest(NFTA_SET_ELEM_KEY);
  put(NFTA_DATA_VALUE, &address, sizeof address);
  end_nest(key);
  if (type == NFT_MSG_NEWSETELEM) put_element_value();
  end_nest(element);
  end_nest(elements);
  nft_message(NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
  send_all(netfilter, "nftables map");
}

static int lock_leases(void) {
  if (chdir(directory) != 0) err(1, "%s", directory);
  int lock = open("lock", O_RDWR | O_CREAT, 0600);
  if (lock < 0 || flock(lock, LOCK_EX) != 0) err(1, "lock");
  return lock;
}

static int write_file(const char *name, int flags, const char *text) {
  int fd = open(name, O_WRONLY | O_CREAT | flags, 0600);
  if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) err(1, "%s", name);
  return fd;
}

// Returns the lease's file, which is not on disk yet.
static int write_lease(void) {
  char lease[512];
  snprintf(lease, sizeof lease, "%s\r\n%s", container_id, ifname);
  int lock = lock_leases();
  int fd = write_file(address_text, O_EXCL, lease);
  // The old address has the same length, so nothing of it is left.
  close(write_file("last_reserved_ip.0", 0, address_text));
  close(lock);
  return fd;
}

static void add(const char *netns, unsigned prefix, int masquerade) {
  int namespace = open(netns, O_RDONLY);
  if (namespace < 0) err(1, "%s", netns);
  make_pair(open_netlink(NETLINK_ROUTE), namespace);
  int lease = write_lease();
  if (masquerade) change_map(open_netlink(NETLINK_NETFILTER), NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL);
  configure_container(namespace, prefix);
  if (fsync(lease) != 0) err(1, "fsync");
}

// The kernel frees what was deleted when netfilter's socket is closed at the end, and meanwhile deletes the link, so
// the element is deleted first.
static void delete(int masquerade) {
  if (masquerade) change_map(open_netlink(NETLINK_NETFILTER), NFT_MSG_DELSETELEM, 0);
  delete_pair(open_netlink(NETLINK_ROUTE));
  lock_leases();
  if (unlink(address_text) != 0) err(1, "%s", address_text);
}

static const char *variable(const char *name) {
  const char *value = getenv(name);
  if (value == NULL) errx(1, "%s is not set", name);
  return value;
}

int main(int argc, char **argv) {
  if (argc < 8) errx(1, "usage: floor BRIDGE VETH LEASE_DIRECTORY NETWORK ADDRESS PREFIX GATEWAY [masquerade]");
  bridge = argv[1];
  veth = argv[2];
  directory = argv[3];
  network = argv[4];
  address_text = argv[5];
  unsigned prefix = atoi(argv[6]);
  if (inet_aton(address_text, &address) == 0 || inet_aton(argv[7], &gateway) == 0) errx(1, "no address");
  if (prefix < 1 || prefix > 30) errx(1, "no prefix length: %s", argv[6]);
  mask.s_addr = htonl(~0U << (32 - prefix));
  container_id = variable("CNI_CONTAINERID");
  ifname = variable("CNI_IFNAME");
  snprintf(label, sizeof label, "cni %s %s %s", network, container_id, ifname);
  if (strcmp(variable("CNI_COMMAND"), "ADD") == 0) add(variable("CNI_NETNS"), prefix, argc > 8);
  else if (strcmp(variable("CNI_COMMAND"), "DEL") == 0) delete(argc > 8);
  else errx(1, "neither ADD nor DEL");
  return 0;
}
