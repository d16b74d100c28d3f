/*
 * line: a long and unreliable line between two TUN devices.
 *
 *     line ONE OTHER DELAY LOSS RATE SEED MTU
 *
 * ONE and OTHER are descriptors.  What is read from one is written to the other DELAY
 * seconds later, in order, at RATE bytes a second (0: at once) unless it is larger than
 * MTU (0: never), or is lost, with probability LOSS: SEED says which.  The same as
 * tests/netlab/lossy.py without reordering, for hundreds of megabits a second.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { QUEUE = 1 << 13, LARGEST = 9216 };

static const int64_t HELD = 50000000;   /* nanoseconds that wait for the rate at most */

struct packet {
	int64_t due;
	uint32_t size;
	unsigned char bytes[LARGEST];
};

struct direction {
	int source, sink;
	uint64_t chance;
	int64_t free_at;
	uint32_t first, next;           /* of the ring, counted without end */
	struct packet ring[QUEUE];
};

static struct direction directions[2];
static int64_t delay;
static double loss, rate;
static uint32_t mtu;

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* Marsaglia's xorshift64: the next number of a direction, from 0 to 1. */
static double drawn(struct direction *way)
{
	way->chance ^= way->chance << 13;
	way->chance ^= way->chance >> 7;
	way->chance ^= way->chance << 17;
	return (way->chance >> 11) / 9007199254740992.0;
}

/* Whether it goes on its way: a full queue loses packets as well. */
static int accepted(struct direction *way, const struct packet *packet, int64_t at)
{
	if (mtu && packet->size > mtu)
		return 0;
	return drawn(way) >= loss && way->free_at - at <= HELD &&
	       way->next - way->first < QUEUE - 1;
}

static void take(struct direction *way)
{
	for (;;) {
		struct packet *packet = &way->ring[way->next % QUEUE];
		ssize_t size = read(way->source, packet->bytes, LARGEST);
		int64_t at = now();

		if (size < 0 && errno == EAGAIN)
			return;
		if (size <= 0)
			exit(1);        /* the namespace is gone */
		packet->size = size;
		if (!accepted(way, packet, at))
			continue;
		if (rate) {
			if (way->free_at > at)
				at = way->free_at;
			at += size / rate * 1e9;
			way->free_at = at;
		}
		packet->due = at + delay;
		way->next++;
	}
}

/* Writes what is due; nanoseconds until more is, or -1. */
static int64_t give(struct direction *way)
{
	while (way->first != way->next) {
		struct packet *packet = &way->ring[way->first % QUEUE];
		int64_t wait = packet->due - now();

		if (wait > 0)
			return wait;
		if (write(way->sink, packet->bytes, packet->size) < 0 && errno == EBADFD)
			exit(1);
		way->first++;
	}
	return -1;
}

static void carry(void)
{
	struct pollfd fds[2] = {
		{ .fd = directions[0].source, .events = POLLIN },
		{ .fd = directions[1].source, .events = POLLIN },
	};

	for (;;) {
		int64_t one = give(&directions[0]), other = give(&directions[1]);
		int64_t wait = one < 0 || (other >= 0 && other < one) ? other : one;
		struct timespec time = { wait / 1000000000, wait % 1000000000 };

		if (ppoll(fds, 2, wait < 0 ? NULL : &time, NULL) < 0 && errno != EINTR)
			exit(1);
		for (int i = 0; i < 2; i++)
			if (fds[i].revents)
				take(&directions[i]);
	}
}

int main(int count, char **words)
{
	if (count != 8) {
		fprintf(stderr, "usage: line ONE OTHER DELAY LOSS RATE SEED MTU\n");
		return 2;
	}
	for (int i = 0; i < 2; i++) {
		directions[i].source = atoi(words[1 + i]);
		directions[i].sink = atoi(words[2 - i]);
		/* Any seed but 0 will do for xorshift, and no two alike. */
		directions[i].chance = 0x9e3779b97f4a7c15ULL * (2 * atoll(words[6]) + i + 1);
	}
	delay = atof(words[3]) * 1e9;
	loss = atof(words[4]);
	rate = atof(words[5]);
	mtu = atoi(words[7]);
	carry();
	return 0;
}
