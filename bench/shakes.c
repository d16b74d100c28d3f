/*
 * shakes: a new connection with TLS 1.3 for each small request.
 *
 *     shakes ADDRESS PORT AT_A_TIME SECONDS full|resumed
 *
 * ADDRESS is IPv6.  Each connection has a whole handshake, or one that is resumed by the
 * ticket that the last one in its place has got; the first in each place is whole, and
 * not counted then.  Certificates are not verified: the other end is what is measured.
 * The server ends a connection, with a close_notify or without.  Prints how many were
 * answered, in how many seconds, and the 50th and 99th percentile of how long they took,
 * in microseconds.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 1024, KEPT = 1 << 20, GRACE = 10 };

#define REQUEST "GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"
#define RIGHT "HTTP/1.1 200"

struct connection {
	int fd;
	int said;           /* the request has gone */
	SSL *tls;
	SSL_SESSION *last;  /* of the connection before, for resuming it */
	int resuming;
	size_t got;         /* bytes of the answer */
	char start[sizeof RIGHT - 1];
	double began;
};

static struct connection all[MOST];
static float took[KEPT];
static struct sockaddr_in6 where;
static SSL_CTX *context;
static size_t kept;
static unsigned long count;
static int epoll, resume;

static void fail(const char *what)
{
	perror(what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* A ticket has come, which is the connection's from now on. */
static int keep(SSL *tls, SSL_SESSION *session)
{
	struct connection *one = SSL_get_app_data(tls);

	if (!resume)
		return 0;
	SSL_SESSION_free(one->last);
	one->last = session;
	return 1;
}

static void begin(struct connection *one)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET,
				     .data.ptr = one };
	int yes = 1, fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);

	one->fd = fd;
	one->said = one->got = 0;
	one->began = now();
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	if (connect(fd, (struct sockaddr *)&where, sizeof where) && errno != EINPROGRESS)
		fail("connect");
	one->tls = SSL_new(context);
	if (!one->tls || !SSL_set_fd(one->tls, fd))
		fail("SSL_new");
	SSL_set_app_data(one->tls, one);
	SSL_set_tlsext_host_name(one->tls, "bench");
	one->resuming = one->last && SSL_set_session(one->tls, one->last);
	SSL_set_connect_state(one->tls);
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		fail("epoll_ctl");
}

/* Whether *what* came of it: 0 means that it waits for the network. */
static int through(struct connection *one, int result, const char *what)
{
	int why = SSL_get_error(one->tls, result);

	if (result > 0)
		return 1;
	if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
		fail(what);
	return 0;
}

static void answered(struct connection *one)
{
	if (one->got < sizeof one->start || memcmp(one->start, RIGHT, sizeof one->start)) {
		fprintf(stderr, "answered %.*s\n", (int)one->got, one->start);
		exit(1);
	}
	if (one->resuming != SSL_session_reused(one->tls)) {
		fprintf(stderr, "%s\n", one->resuming ? "not resumed" : "resumed");
		exit(1);
	}
	if (one->resuming == resume) {
		count++;
		if (kept < KEPT)
			took[kept++] = (now() - one->began) * 1e6;
	}
	SSL_set_shutdown(one->tls, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(one->tls);
	close(one->fd);
}

/* Whether it is over. */
static int turn(struct connection *one)
{
	char chunk[4096];

	if (!SSL_is_init_finished(one->tls) &&
	    !through(one, SSL_do_handshake(one->tls), "handshake"))
		return 0;
	if (!one->said) {
		if (!through(one, SSL_write(one->tls, REQUEST, sizeof REQUEST - 1), "write"))
			return 0;
		one->said = 1;
	}
	for (;;) {
		int n = SSL_read(one->tls, chunk, sizeof chunk);
		size_t room = sizeof one->start - one->got;

		if (n <= 0 && SSL_get_error(one->tls, n) == SSL_ERROR_ZERO_RETURN)
			break;
		if (!through(one, n, "read"))
			return 0;
		if (one->got < sizeof one->start)
			memcpy(one->start + one->got, chunk, (size_t)n < room ? (size_t)n : room);
		one->got += n;
	}
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
			if (!turn(events[i].data.ptr))
				continue;
			if (now() - start < seconds)
				begin(events[i].data.ptr);
			else
				open--;
		}
	}
	seconds = now() - start;
	if (!kept) {
		fprintf(stderr, "nothing was counted\n");
		exit(1);
	}
	qsort(took, kept, sizeof *took, by_size);
	printf("%lu %.6f %.1f %.1f\n", count, seconds, took[kept / 2], took[kept * 99 / 100]);
}

int main(int words, char **word)
{
	int at_a_time;

	if (words != 6 || (strcmp(word[5], "full") && strcmp(word[5], "resumed"))) {
		fprintf(stderr, "usage: shakes ADDRESS PORT AT_A_TIME SECONDS full|resumed\n");
		return 2;
	}
	where.sin6_family = AF_INET6;
	where.sin6_port = htons(atoi(word[2]));
	if (inet_pton(AF_INET6, word[1], &where.sin6_addr) != 1)
		return 2;
	at_a_time = atoi(word[3]);
	if (at_a_time < 1 || at_a_time > MOST)
		return 2;
	resume = !strcmp(word[5], "resumed");
	context = SSL_CTX_new(TLS_client_method());
	if (!context || !SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION))
		fail("SSL_CTX_new");
	SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(context, keep);
	signal(SIGPIPE, SIG_IGN);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	flood(at_a_time, atof(word[4]));
	return 0;
}
