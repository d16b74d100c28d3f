/*
 * load: bulk traffic that costs its own two ends as little as can be.
 *
 *     load serve ADDRESS PORT
 *     load push|pull ADDRESS PORT FLOWS SECONDS [RATE]
 *
 * With RATE, which is bytes in a second, whoever sends is held to that by its kernel.
 *
 * The first byte of a connection tells the server which way the rest goes, and the eight
 * after a 'p' at which rate it is to send.  Pushed
 * bytes are counted and thrown away in the kernel (MSG_TRUNC), and the count is sent
 * back after the FIN; pulled ones are sent until a FIN comes.  The client prints
 * bytes that arrived, seconds, and 1 if every flow's count or FIN arrived as well.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 256 << 10, EVENTS = 64, GRACE = 10 };

struct flow {
	int fd;
	char kind;          /* 'l' listener, '?' not yet said, 's' sends, 'r' receives */
	uint64_t bytes;
	int answered;
};

static char chunk[CHUNK];
static int epoll;

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

static void watch(struct flow *flow, int how)
{
	uint32_t events = flow->kind == 's' ? EPOLLOUT | EPOLLRDHUP : EPOLLIN;
	struct epoll_event event = { .events = events, .data.ptr = flow };

	if (epoll_ctl(epoll, how, flow->fd, &event) < 0)
		fail("epoll_ctl");
}

static struct flow *new_flow(int fd, char kind)
{
	struct flow *flow = calloc(1, sizeof *flow);

	if (!flow || fd < 0)
		fail("flow");
	flow->fd = fd;
	flow->kind = kind;
	watch(flow, EPOLL_CTL_ADD);
	return flow;
}

static int open_at(const char *host, const char *port, int listening)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *at;
	int one = 1, fd;

	if (getaddrinfo(host, port, &hints, &at))
		fail("address");
	fd = socket(at->ai_family, SOCK_STREAM, 0);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (listening ? bind(fd, at->ai_addr, at->ai_addrlen) || listen(fd, 4096)
		      : connect(fd, at->ai_addr, at->ai_addrlen))
		fail(listening ? "listen" : "connect");
	freeaddrinfo(at);
	return fd;
}

/* Its kernel sends no faster than that: nothing at all for 0. */
static void pace(int fd, uint64_t rate)
{
	if (rate && setsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &rate, sizeof rate))
		fail("pace");
}

static void end(struct flow *flow)
{
	close(flow->fd);
	free(flow);
}

static void served(struct flow *flow, uint32_t events)
{
	ssize_t n;

	if (flow->kind == 'l') {
		int fd = accept4(flow->fd, NULL, NULL, SOCK_CLOEXEC);

		if (fd >= 0)
			new_flow(fd, '?');
	} else if (flow->kind == '?') {
		uint64_t rate = 0;

		if (recv(flow->fd, &flow->kind, 1, 0) != 1) {
			end(flow);
			return;
		}
		if (flow->kind == 'p') {
			recv(flow->fd, &rate, sizeof rate, MSG_WAITALL);
			pace(flow->fd, rate);
			flow->kind = 's';
		}
		watch(flow, EPOLL_CTL_MOD);
	} else if (flow->kind == 's') {
		if (events & EPOLLRDHUP ||
		    send(flow->fd, chunk, CHUNK, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			end(flow);
	} else if ((n = recv(flow->fd, chunk, 1 << 20, MSG_DONTWAIT | MSG_TRUNC)) > 0) {
		flow->bytes += n;
	} else {
		if (n == 0)
			send(flow->fd, &flow->bytes, sizeof flow->bytes, MSG_NOSIGNAL);
		end(flow);
	}
}

static void serve(const char *host, const char *port)
{
	struct epoll_event events[EVENTS];

	new_flow(open_at(host, port, 1), 'l');
	for (;;) {
		int n = epoll_wait(epoll, events, EVENTS, -1);

		for (int i = 0; i < n; i++)
			served(events[i].data.ptr, events[i].events);
	}
}

static void flood(double until)
{
	struct epoll_event events[EVENTS];

	while (now() < until) {
		int n = epoll_wait(epoll, events, EVENTS, 100);

		for (int i = 0; i < n; i++) {
			struct flow *flow = events[i].data.ptr;
			ssize_t m = flow->kind == 's'
				? send(flow->fd, chunk, CHUNK, MSG_DONTWAIT)
				: recv(flow->fd, chunk, 1 << 20, MSG_DONTWAIT | MSG_TRUNC);

			if (m > 0)
				flow->bytes += m;
			else if (m == 0 || errno != EAGAIN)
				fail("flow");
		}
	}
}

/* Read what still comes, to the end; for a pushed flow the server's own count. */
static void settle(struct flow *flow)
{
	uint64_t count;
	ssize_t n;

	if (flow->kind == 's') {
		n = recv(flow->fd, &count, sizeof count, MSG_WAITALL);
		flow->answered = n == sizeof count && count == flow->bytes;
		return;
	}
	while ((n = recv(flow->fd, chunk, 1 << 20, MSG_TRUNC)) > 0)
		flow->bytes += n;
	flow->answered = n == 0;
}

static void begin(int fd, char kind, uint64_t rate)
{
	char first[1 + sizeof rate] = { kind == 's' ? 'r' : rate ? 'p' : 's' };

	memcpy(first + 1, &rate, sizeof rate);
	send(fd, first, *first == 'p' ? sizeof first : 1, 0);
	if (kind == 's')
		pace(fd, rate);
}

static int client(char **words, char kind, uint64_t rate)
{
	int flows = atoi(words[4]), whole = 1;
	double seconds = atof(words[5]), start;
	struct flow *all[64];
	uint64_t bytes = 0;

	alarm(seconds + GRACE);
	if (flows < 1 || flows > 64)
		return 2;
	for (int i = 0; i < flows; i++) {
		all[i] = new_flow(open_at(words[2], words[3], 0), kind);
		begin(all[i]->fd, kind, rate);
	}
	start = now();
	flood(start + seconds);
	for (int i = 0; i < flows; i++)
		shutdown(all[i]->fd, SHUT_WR);
	for (int i = 0; i < flows; i++) {
		settle(all[i]);
		bytes += all[i]->bytes;
		whole &= all[i]->answered;
	}
	printf("%llu %.6f %d\n", (unsigned long long)bytes, now() - start, whole);
	return 0;
}

int main(int count, char **words)
{
	struct rlimit files;

	signal(SIGPIPE, SIG_IGN);
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (count == 4 && !strcmp(words[1], "serve"))
		serve(words[2], words[3]);
	if ((count == 6 || count == 7) && !strcmp(words[1], "push"))
		return client(words, 's', count == 7 ? strtoull(words[6], NULL, 10) : 0);
	if ((count == 6 || count == 7) && !strcmp(words[1], "pull"))
		return client(words, 'r', count == 7 ? strtoull(words[6], NULL, 10) : 0);
	fprintf(stderr, "usage: load serve|push|pull ADDRESS PORT [FLOWS SECONDS [RATE]]\n");
	return 2;
}
