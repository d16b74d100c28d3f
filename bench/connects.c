/*
 * connects: a new connection for each small request, from many clients.
 *
 *     connects ADDRESS PORT AT_A_TIME SECONDS PREFIX CLIENTS [v2]
 *
 * ADDRESS and PREFIX are IPv6, and every address of PREFIX, a /48, is this host's: each
 * connection comes from another of CLIENTS /64s in it, in turn.  With v2 it begins with
 * a PROXY header of that version, which names that client, in one segment with the
 * request.  The server ends it.  Prints how many were answered, in how many seconds,
 * and the 50th and 99th percentile of how long they took, in microseconds.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 1024, KEPT = 1 << 20, GRACE = 10, HEADER = 52 };

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define REQUEST "GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"
#define RIGHT "HTTP/1.1 200"

struct connection {
	int fd;
	int said;           /* the request has gone */
	uint16_t client;    /* which /64, in network order */
	size_t got;         /* bytes of the answer */
	char start[sizeof RIGHT - 1];
	double began;
};

static struct connection all[MOST];
static float took[KEPT];
static struct sockaddr_in6 where, from;
static char message[HEADER + sizeof REQUEST];
static size_t length, kept;
static unsigned long count, clients, next;
static int epoll, header;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Section 2.2 of the PROXY specification: TCP over IPv6, both ends, no fields. */
static void compose(const char *version)
{
	if (version) {
		header = HEADER;
		memcpy(message, SIGNATURE "\x21\x21\0\x24", 16);
		memcpy(message + 32, &where.sin6_addr, 16);
		memcpy(message + 50, &where.sin6_port, 2);
	}
	memcpy(message + header, REQUEST, sizeof REQUEST - 1);
	length = header + sizeof REQUEST - 1;
}

static void begin(struct connection *one)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET,
				     .data.ptr = one };
	int yes = 1, fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
	uint16_t client = htons(next++ % clients);

	memcpy((char *)&from.sin6_addr + 6, &client, 2);
	*one = (struct connection){ .fd = fd, .client = client, .began = now() };
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
	setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &yes, sizeof yes);
	if (bind(fd, (struct sockaddr *)&from, sizeof from))
		fail("bind");
	if (connect(fd, (struct sockaddr *)&where, sizeof where) && errno != EINPROGRESS)
		fail("connect");
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		fail("epoll_ctl");
}

static void say(struct connection *one)
{
	if (header) {
		uint16_t port = htons(1024 + count % 60000);

		memcpy(message + 16, &from.sin6_addr, 16);
		memcpy(message + 22, &one->client, 2);
		memcpy(message + 48, &port, 2);
	}
	if (send(one->fd, message, length, MSG_NOSIGNAL) != (ssize_t)length)
		fail("send");
	one->said = 1;
}

static void answered(struct connection *one)
{
	if (one->got < sizeof one->start || memcmp(one->start, RIGHT, sizeof one->start)) {
		fprintf(stderr, "answered %.*s\n", (int)one->got, one->start);
		exit(1);
	}
	count++;
	if (kept < KEPT)
		took[kept++] = (now() - one->began) * 1e6;
	close(one->fd);
}

/* Whether it is over. */
static int turn(struct connection *one, uint32_t events)
{
	char chunk[4096];
	ssize_t n;

	if (!one->said && events & EPOLLOUT)
		say(one);
	while (events & EPOLLIN && (n = recv(one->fd, chunk, sizeof chunk, 0))) {
		size_t room = sizeof one->start - one->got;

		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n < 0)
			fail("recv");
		if (one->got < sizeof one->start)
			memcpy(one->start + one->got, chunk, (size_t)n < room ? (size_t)n : room);
		one->got += n;
	}
	if (!(events & (EPOLLIN | EPOLLERR)))
		return 0;
	answered(one);
	return 1;
}

static int by_size(const void *a, const void *b)
{
	return (*(float *)a > *(float *)b) - (*(float *)a < *(float *)b);
}

static void flood(int at_a_time, double seconds)
{
	struct epoll_event events[64];
	double start = now();
	int open = at_a_time;

	alarm(seconds + GRACE);
	for (int i = 0; i < at_a_time; i++)
		begin(&all[i]);
	while (open) {
		int n = epoll_wait(epoll, events, 64, -1);

		for (int i = 0; i < n; i++) {
			if (!turn(events[i].data.ptr, events[i].events))
				continue;
			if (now() - start < seconds)
				begin(events[i].data.ptr);
			else
				open--;
		}
	}
	seconds = now() - start;
	qsort(took, kept, sizeof *took, by_size);
	printf("%lu %.6f %.1f %.1f\n", count, seconds, took[kept / 2], took[kept * 99 / 100]);
}

int main(int words, char **word)
{
	int at_a_time;

	if (words < 7 || words > 8 || (words == 8 && strcmp(word[7], "v2"))) {
		fprintf(stderr, "usage: connects ADDRESS PORT AT_A_TIME SECONDS PREFIX CLIENTS [v2]\n");
		return 2;
	}
	where.sin6_family = from.sin6_family = AF_INET6;
	where.sin6_port = htons(atoi(word[2]));
	if (inet_pton(AF_INET6, word[1], &where.sin6_addr) != 1 ||
	    inet_pton(AF_INET6, word[5], &from.sin6_addr) != 1)
		return 2;
	at_a_time = atoi(word[3]);
	clients = atol(word[6]);
	if (at_a_time < 1 || at_a_time > MOST || clients < 1 || clients > 65536)
		return 2;
	from.sin6_addr.s6_addr[15] = 1;
	compose(words == 8 ? word[7] : NULL);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	flood(at_a_time, atof(word[4]));
	return 0;
}
