/*
 * bench/peers/floor.c
 *	  What the machine allows: EXECUTE frames that are ready before the clock
 *	  starts, one socket, one thread, writes of up to 256 K.
 *
 *		floor insert HOST PORT TABLE ROWS WINDOW COLUMN:TYPE...
 *		floor probe HOST PORT TABLE PAUSE 1 COLUMN:TYPE...
 *
 * Per row it copies a frame and stores stream and key; nothing is converted,
 * routed, timed or retried. Any answer but RESULT ends it. Protocol v4.
 *
 * probe is a client that hardly does anything: a row, and a pause of about PAUSE
 * microseconds, until it is told to stop. It prints what rows took, in
 * microseconds: at most so much for half of the time and for 99 % of it, and how
 * many rows they were. Time and not rows, as few rows are sent while rows wait.
 *
 * It talks to the harness as every peer does: bench/README.md.
 */
#define _GNU_SOURCE				/* ppoll */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cql/request.h"
#include "cql/response.h"
#include "cql/splitter.h"
#include "cql/value.h"

#define VERSION 4
#define POOL 64					/* different rows; keys are always different */
#define WRITE_SIZE (256 * 1024)
#define READ_SIZE (64 * 1024)
#define MAX_COLUMNS 16
#define MAX_PROBES 1000000

typedef struct Row
{
	size_t		begin;			/* of its frame in Floor.frames */
	size_t		length;
	size_t		key;			/* of the first column's value, in the frame */
} Row;

typedef struct Floor
{
	int			socket;
	CqlSplitter in;
	CqlBuffer	out;
	CqlBuffer	frames;
	Row			row[POOL];
	size_t		key_size;
	int16_t    *stream;			/* free ones, a stack */
	int			nfree;
} Floor;

static void
die(const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- the socket ---- */

static int
connect_to(const char *host, const char *port)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	int			one = 1;
	int			s;

	if (getaddrinfo(host, port, &hints, &found) != 0)
		die(host);
	s = socket(found->ai_family, SOCK_STREAM, 0);
	if (s < 0 || connect(s, found->ai_addr, found->ai_addrlen) != 0)
		die("connect");
	setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	freeaddrinfo(found);
	return s;
}

static void
flush(Floor *f)
{
	size_t		at = 0;

	while (at < f->out.len)
	{
		ssize_t		n = send(f->socket, f->out.data + at, f->out.len - at, MSG_NOSIGNAL);

		if (n < 0)
			die("send");
		at += (size_t) n;
	}
	cql_buffer_reset(&f->out);
}

/* Reads once; without wait only what is there. */
static void
receive(Floor *f, bool wait)
{
	size_t		room;
	uint8_t    *p = cql_splitter_room(&f->in, READ_SIZE, &room);
	ssize_t		n = recv(f->socket, p, room, wait ? 0 : MSG_DONTWAIT);

	if (n > 0)
		cql_splitter_fed(&f->in, (size_t) n);
	else if (n == 0 || errno != EAGAIN)
		die("recv");
}

static bool
next_result(Floor *f, CqlFrame *frame)
{
	CqlSplitStatus status = cql_splitter_next(&f->in, frame);

	if (status == CQL_SPLIT_MORE)
		return false;
	if (status != CQL_SPLIT_FRAME || frame->opcode == CQL_OP_ERROR)
	{
		fprintf(stderr, "floor: the server refuses: %.*s\n", status == CQL_SPLIT_FRAME ? (int) frame->length - 6 : 0,
				frame->body + 6);
		exit(1);
	}
	return true;
}

static CqlFrame
ask(Floor *f)
{
	CqlFrame	frame;

	flush(f);
	while (!next_result(f, &frame))
		receive(f, true);
	return frame;
}

/* ---- before the clock starts ---- */

static void
start_up(Floor *f)
{
	size_t		mark = cql_frame_begin(&f->out, VERSION, 0, 0, CQL_OP_STARTUP);

	cql_request_startup(&f->out, NULL, "scylla_fdw floor", "1");
	cql_frame_end(&f->out, mark);
	if (ask(f).opcode != CQL_OP_READY)
		die("no READY");
}

static void
put_value(CqlBuffer *b, const char *type, int i)
{
	size_t		mark = cql_begin_value(b);
	int			n;

	if (strcmp(type, "int") == 0)
		cql_put_u32(b, (uint32_t) i);
	else if (strcmp(type, "bigint") == 0)
		cql_put_u64(b, (uint64_t) i);
	else if (strcmp(type, "double") == 0 || strcmp(type, "timestamp") == 0)
		cql_put_u64(b, UINT64_C(0x0000018cc251f400) + (uint64_t) i);
	else if (strcmp(type, "text") == 0)
		for (n = 0; n < 32; n++)
			cql_put_u8(b, (uint8_t) ('a' + (i + n) % 26));
	else if (sscanf(type, "vector<float, %d>", &n) == 1)
		for (int k = 0; k < n; k++)
		{
			float		x = (float) ((i * 31 + k * 7) % 1000) / 1000;

			cql_put_floats(b, &x, 1);
		}
	else
	{
		fprintf(stderr, "floor: unknown type %s\n", type);
		exit(2);
	}
	cql_end_value(b, mark);
}

static void
encode_row(Floor *f, int i, CqlBytes id, int ncolumns, char **column)
{
	static const CqlBytes no_state = {NULL, -1};
	Row		   *row = &f->row[i];
	CqlBuffer  *b = &f->frames;

	row->begin = cql_frame_begin(b, VERSION, 0, 0, CQL_OP_EXECUTE);
	cql_request_execute_head(b, VERSION, id, NULL, CQL_LOCAL_QUORUM, CQL_PARAM_VALUES | CQL_PARAM_TIMESTAMP);
	cql_put_u16(b, (uint16_t) ncolumns);
	row->key = b->len + 4 - row->begin;
	for (int c = 0; c < ncolumns; c++)
	{
		put_value(b, strchr(column[c], ':') + 1, i);
		if (c == 0)
			f->key_size = b->len - row->begin - row->key;
	}
	cql_request_tail(b, CQL_PARAM_TIMESTAMP, 0, no_state, 0, (int64_t) time(NULL) * 1000000);
	cql_frame_end(b, row->begin);
	row->length = b->len - row->begin;
}

/* "INSERT INTO table (a, b) VALUES (?, ?)" from "a:type b:type" */
static void
prepare(Floor *f, const char *table, int ncolumns, char **column)
{
	char		text[1024];
	size_t		len = (size_t) snprintf(text, sizeof(text), "INSERT INTO %s (", table);
	size_t		mark;
	CqlFrame	frame;
	CqlReader	r;
	CqlBytes	id;

	for (int c = 0; c < ncolumns; c++)
		len += (size_t) snprintf(text + len, sizeof(text) - len, "%s%.*s", c > 0 ? ", " : "",
								 (int) strcspn(column[c], ":"), column[c]);
	len += (size_t) snprintf(text + len, sizeof(text) - len, ") VALUES (");
	for (int c = 0; c < ncolumns; c++)
		len += (size_t) snprintf(text + len, sizeof(text) - len, c > 0 ? ", ?" : "?");
	len += (size_t) snprintf(text + len, sizeof(text) - len, ")");

	mark = cql_frame_begin(&f->out, VERSION, 0, 0, CQL_OP_PREPARE);
	cql_request_prepare(&f->out, VERSION, text, len);
	cql_frame_end(&f->out, mark);
	frame = ask(f);
	r = cql_reader(frame.body, frame.length);
	if (cql_response_result_kind(&r) != CQL_RESULT_PREPARED)
		die("no RESULT Prepared");
	id = cql_get_short_bytes(&r);
	for (int i = 0; i < POOL; i++)
		encode_row(f, i, id, ncolumns, column);
	if (f->frames.failed)
		die("memory");
}

/* ---- the load ---- */

static void
put_row(Floor *f, long number)
{
	const Row  *row = &f->row[number % POOL];
	uint8_t    *p;

	if (!cql_buffer_reserve(&f->out, row->length))
		die("memory");
	p = f->out.data + f->out.len;
	memcpy(p, f->frames.data + row->begin, row->length);
	cql_store_u16(p + 2, (uint16_t) f->stream[--f->nfree]);
	if (f->key_size == 4)
		cql_store_u32(p + row->key, (uint32_t) number);
	else
		cql_store_u64(p + row->key, (uint64_t) number);
	f->out.len += row->length;
}

static void
load(Floor *f, long first, long rows)
{
	long		sent = 0;
	long		answered = 0;

	while (answered < rows)
	{
		CqlFrame	frame;

		while (sent < rows && f->nfree > 0 && f->out.len < WRITE_SIZE)
			put_row(f, first + sent++);
		flush(f);
		receive(f, f->nfree == 0 || sent == rows);
		for (; next_result(f, &frame); answered++)
			f->stream[f->nfree++] = frame.stream;
	}
}

static double
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec * 1e6 + (double) t.tv_nsec / 1e3;
}

/* True: a line came on stdin. Pauses differ, so that they do not fall in step with anything. */
static bool
stopped(long us)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	struct timespec t = {0};

	us = us / 2 + rand() % (us + 1);
	t.tv_sec = us / 1000000;
	t.tv_nsec = us % 1000000 * 1000;
	return ppoll(&in, 1, &t, NULL) != 0;
}

static int
compare(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return (x > y) - (x < y);
}

/* What rows took at most for this part of the time; took is sorted. */
static double
quantile(const double *took, int n, long pause, double part)
{
	double		total = (double) n * (double) pause;
	double		passed = 0;
	int			i = 0;

	for (int k = 0; k < n; k++)
		total += took[k];
	while ((passed += took[i] + (double) pause) < part * total && i < n - 1)
		i++;
	return took[i];
}

/* As first in line for its core as it may be: what is measured is the server's queue. */
static void
probe(Floor *f, long pause)
{
	double	   *took = malloc(MAX_PROBES * sizeof(double));
	int			n = 0;

	setpriority(PRIO_PROCESS, 0, -20);
	while (took != NULL && n < MAX_PROBES && !stopped(pause))
	{
		double		start = now_us();

		load(f, INT32_MAX - n, 1);
		took[n++] = now_us() - start;
	}
	if (n == 0)
		die("no probe");
	qsort(took, (size_t) n, sizeof(double), compare);
	printf("%.1f %.1f %d\n", quantile(took, n, pause, 0.5), quantile(took, n, pause, 0.99), n);
	free(took);
}

static void
meet(const char *word)
{
	puts(word);
	fflush(stdout);
	if (getchar() == EOF)
		exit(1);
}

int
main(int argc, char **argv)
{
	Floor		f = {0};
	long		rows;
	int			window;

	if (argc < 8 || argc > 7 + MAX_COLUMNS || (strcmp(argv[1], "insert") != 0 && strcmp(argv[1], "probe") != 0))
		return 2;
	rows = strtol(argv[5], NULL, 10);
	window = (int) strtol(argv[6], NULL, 10);
	if (window < 1 || window > CQL_STREAM_MAX || (f.stream = malloc(sizeof(int16_t) * (size_t) window)) == NULL)
		return 2;
	while (f.nfree < window)
	{
		f.stream[f.nfree] = (int16_t) f.nfree;
		f.nfree++;
	}
	meet("idle");
	f.socket = connect_to(argv[2], argv[3]);
	start_up(&f);
	prepare(&f, argv[4], argc - 7, argv + 7);
	load(&f, rows, 1);			/* a row of its own warms up */
	meet("ready");
	if (strcmp(argv[1], "probe") == 0)
		probe(&f, rows);
	else
		load(&f, 0, rows);
	meet("done");
	return 0;
}
