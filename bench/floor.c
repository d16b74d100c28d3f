/*
 * floor: the least that relaying TCP in user space can cost.
 *
 *     floor FRONT-IPV6 BACK-IPV4 FRONT-PORT BACK-PORT [FRONT-PORT BACK-PORT ...]
 *
 * accept4, connect, one edge-triggered epoll, splice through one scratch pipe.  No
 * time-outs, no limits, no log, no options but TCP_NODELAY: a yardstick, not a
 * gateway.  What it does, it does right: every byte, back-pressure, a FIN as a FIN
 * and a reset as a reset.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	PIPE = 1 << 20,   /* bytes a pipe is asked to hold */
	TURN = 1 << 20,   /* bytes one direction may move before others get a turn */
	EVENTS = 256,
	SPARE = 64,       /* empty pipes kept for later */
};

/* A listening socket (no peer), or one of the two ends of a session. */
struct end {
	int fd;
	struct end *peer;           /* where the bytes read here go */
	struct sockaddr_in back;    /* of a listener: where to connect */
	struct end *next;           /* in the list of the dead */
	int pipe[2];                /* read from here, not yet accepted by the peer: */
	size_t held;                /* that many bytes; without any there is no pipe */
	unsigned dialing : 1, readable : 1, writable : 1;
	unsigned hangup : 1;        /* a FIN has come, perhaps behind unread bytes */
	unsigned ended : 1;         /* the FIN was read and passed on */
	unsigned dead : 1;
};

static int epoll, spares;
static int spare[SPARE][2];
static size_t slots;
static struct end *graveyard;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void borrow(int pipe[2])
{
	if (spares) {
		memcpy(pipe, spare[--spares], sizeof spare[0]);
		return;
	}
	if (pipe2(pipe, O_NONBLOCK | O_CLOEXEC) < 0)
		fail("pipe2");
	fcntl(pipe[1], F_SETPIPE_SZ, PIPE);
	slots = fcntl(pipe[1], F_GETPIPE_SZ) / 4096;
}

static void give_back(int pipe[2], int empty)
{
	if (empty && spares < SPARE) {
		memcpy(spare[spares++], pipe, sizeof spare[0]);
		return;
	}
	close(pipe[0]);
	close(pipe[1]);
}

static void watch(struct end *end, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = end };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, end->fd, &event) < 0)
		fail("epoll_ctl");
}

static void bury(struct end *end, int reset)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	if (reset)
		setsockopt(end->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	close(end->fd);
	if (end->held)
		give_back(end->pipe, 0);
	end->dead = 1;
	end->next = graveyard;  /* freed after this batch of events, which may name it */
	graveyard = end;
}

static void finish(struct end *end, int reset)
{
	if (end->dead)
		return;
	bury(end, reset);
	bury(end->peer, reset);
}

/* Write what the pipe holds: 1 all gone, 0 the sink is full, -1 the sink is broken. */
static int drain(struct end *from, int pipe[2])
{
	while (from->held) {
		ssize_t n = splice(pipe[0], NULL, from->peer->fd, NULL, from->held,
				   SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
		if (n < 0) {
			from->peer->writable = 0;
			return errno == EAGAIN ? 0 : -1;
		}
		from->held -= n;
	}
	return 1;
}

/* Fill an empty pipe: bytes read, 0 at the end, -1 when there are none (or an error). */
static ssize_t fill(struct end *from, int pipe[2])
{
	ssize_t n = splice(from->fd, NULL, pipe[1], NULL, PIPE,
			   SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
	if (n <= 0) {
		from->readable = 0;
		return n;
	}
	from->held = n;
	/*
	 * Fewer bytes than the pipe has slots: it was not the pipe that ended this
	 * read, so the socket is empty and the call that says EAGAIN can be saved.
	 */
	if ((size_t)n < slots && !from->hangup)
		from->readable = 0;
	return n;
}

static void again(struct end *end)
{
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = end,
	};

	epoll_ctl(epoll, EPOLL_CTL_MOD, end->fd, &event);  /* a new edge, if readable */
}

static void end_of(struct end *from)
{
	from->ended = 1;
	if (from->peer->ended)
		finish(from, 0);
	else
		shutdown(from->peer->fd, SHUT_WR);
}

/* Finish what an earlier turn left in this direction's pipe: 1 if it is all gone. */
static int clear(struct end *from)
{
	int gone = from->peer->writable ? drain(from, from->pipe) : 0;

	if (gone > 0)
		give_back(from->pipe, 1);
	if (gone < 0)
		finish(from, 1);
	return gone > 0;
}

/* Move bytes from one end to its peer until one of the two has had enough. */
static void move(struct end *from)
{
	size_t moved = 0;
	ssize_t n = 1;
	int scratch[2], gone, broken;

	if (from->dead || from->ended || from->dialing || from->peer->dialing)
		return;
	if ((from->held && !clear(from)) || !from->readable)
		return;
	borrow(scratch);
	for (; from->readable && moved < TURN; moved += n) {
		if ((n = fill(from, scratch)) <= 0)
			break;
		gone = drain(from, scratch);
		if (gone > 0)
			continue;
		memcpy(from->pipe, scratch, sizeof scratch);  /* no longer scratch */
		if (gone < 0)
			finish(from, 1);
		return;
	}
	broken = n < 0 && errno != EAGAIN;
	give_back(scratch, 1);
	if (broken)
		finish(from, 1);
	else if (n == 0)
		end_of(from);
	else if (from->readable)
		again(from);
}

static struct end *new_end(int fd)
{
	struct end *end = calloc(1, sizeof *end);

	if (!end)
		fail("calloc");
	end->fd = fd;
	return end;
}

static void take(struct end *listener)
{
	struct end *front, *back;
	int one = 1, fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	front = new_end(fd);
	back = new_end(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
	if (back->fd < 0)
		fail("socket");
	front->peer = back;
	back->peer = front;
	back->dialing = 1;
	setsockopt(back->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(back->fd, (struct sockaddr *)&listener->back,
		    sizeof listener->back) < 0 && errno != EINPROGRESS) {
		finish(front, 1);
		return;
	}
	watch(front, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
	watch(back, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

static void happened(struct end *end, uint32_t events)
{
	if (!end->peer) {
		take(end);
		return;
	}
	if (end->dead)
		return;
	if (events & EPOLLERR) {
		finish(end, 1);
		return;
	}
	if (events & (EPOLLRDHUP | EPOLLHUP))
		end->hangup = 1;
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP))
		end->readable = 1;
	if (events & EPOLLOUT) {
		end->writable = 1;
		end->dialing = 0;
		move(end->peer);
	}
	move(end);
}

static void listen_on(const char *front, const char *back, int from, int to)
{
	struct sockaddr_in6 at = { .sin6_family = AF_INET6, .sin6_port = htons(from) };
	struct end *end = new_end(socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0));
	int one = 1;

	end->back.sin_family = AF_INET;
	end->back.sin_port = htons(to);
	if (inet_pton(AF_INET6, front, &at.sin6_addr) != 1 ||
	    inet_pton(AF_INET, back, &end->back.sin_addr) != 1)
		fail("address");
	setsockopt(end->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	setsockopt(end->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);  /* inherited */
	if (bind(end->fd, (struct sockaddr *)&at, sizeof at) < 0 ||
	    listen(end->fd, 4096) < 0)
		fail("listen");
	watch(end, EPOLLIN);
}

int main(int count, char **words)
{
	struct epoll_event events[EVENTS];
	struct rlimit files;

	if (count < 5 || count % 2 == 0) {
		fprintf(stderr, "usage: floor FRONT BACK PORT PORT [PORT PORT ...]\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	for (int i = 3; i < count; i += 2)
		listen_on(words[1], words[2], atoi(words[i]), atoi(words[i + 1]));
	for (;;) {
		int n = epoll_wait(epoll, events, EVENTS, -1);

		for (int i = 0; i < n; i++)
			happened(events[i].data.ptr, events[i].events);
		while (graveyard) {
			struct end *next = graveyard->next;
			free(graveyard);
			graveyard = next;
		}
	}
}
