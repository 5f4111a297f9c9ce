/*
 * test/node/node.c
 *	  The node's thread: loop, listeners, and calls from other threads.
 *
 * Thread: functions of node.h run on the caller's thread and only post mail;
 * everything else runs on the node's. Owns: the loop, the listeners, the clock.
 * Invariant: mail is executed in order, one at a time, between two events; an
 * await leaves the mail list and is looked at once per loop turn.
 *
 *	 caller: post -> uv_async_send -> wait      node: mail_read -> run -> done
 */
#define _GNU_SOURCE				/* vasprintf */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

typedef enum NodeMailKind
{
	MAIL_ORDER, MAIL_REPORT, MAIL_AWAIT, MAIL_AWAIT_BELOW, MAIL_RECORDS
} NodeMailKind;

struct NodeMail
{
	NodeMailKind kind;
	char	   *text;			/* order, or key of an await */
	uint64_t	number;
	NodeReport *report;
	NodeRequest *request;
	int			max;
	int			opcode;
	char		error[256];
	bool		ok;
	bool		done;			/* under lock */
	bool		abandoned;		/* under lock: its owner timed out, the node frees it */
	struct NodeMail *next;
};

void *
node_alloc(size_t size)
{
	void	   *p = calloc(1, size);

	if (p == NULL)
		abort();
	return p;
}

void *
node_arena(CqlArena *arena, size_t size)
{
	void	   *p = cql_arena_alloc(arena, size);

	if (p == NULL)
		abort();
	return p;
}

char *
node_strdup(CqlArena *arena, const char *s, size_t len)
{
	char	   *copy = cql_arena_strdup(arena, s, len);

	if (copy == NULL)
		abort();
	return copy;
}

char *
node_format(CqlArena *arena, const char *format,...)
{
	va_list		args;
	char	   *text;
	char	   *copy;
	int			n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		abort();
	copy = node_strdup(arena, text, (size_t) n);
	free(text);
	return copy;
}

bool
node_fail(Node *node, int code, const char *format,...)
{
	va_list		args;

	node->failure.code = code;
	va_start(args, format);
	vsnprintf(node->failure.message, sizeof(node->failure.message), format, args);
	va_end(args);
	return false;
}

/* ---- listeners ---- */

static void
on_connection(uv_stream_t *stream, int status)
{
	if (status == 0)
		node_conn_accept(stream->data);
}

static int
bound_port(const uv_tcp_t *tcp)
{
	struct sockaddr_storage a;
	int			n = sizeof(a);

	if (uv_tcp_getsockname(tcp, (struct sockaddr *) &a, &n) != 0)
		return 0;
	return ntohs(a.ss_family == AF_INET6 ? ((struct sockaddr_in6 *) &a)->sin6_port :
				 ((struct sockaddr_in *) &a)->sin_port);
}

static void
listener_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static bool
listen_on(Node *node, int which, int *port)
{
	NodeListener *listener = node_alloc(sizeof(*listener));
	struct sockaddr_storage a;
	int			rc;

	listener->node = node;
	listener->shard_aware = which & 1;
	listener->own_tls = which & 2;
	listener->tcp.data = listener;
	uv_tcp_init(&node->loop, &listener->tcp);
	rc = uv_ip4_addr(node->address, *port, (struct sockaddr_in *) &a);
	if (rc != 0)
		rc = uv_ip6_addr(node->address, *port, (struct sockaddr_in6 *) &a);
	if (rc == 0)
		rc = uv_tcp_bind(&listener->tcp, (struct sockaddr *) &a, 0);
	if (rc == 0)
		rc = uv_listen((uv_stream_t *) &listener->tcp, 1024, on_connection);
	if (rc != 0)
	{
		uv_close((uv_handle_t *) &listener->tcp, listener_closed);
		return node_fail(node, 0, "cannot listen on %s port %d: %s", node->address, *port, uv_strerror(rc));
	}
	if (*port == 0)
		*port = bound_port(&listener->tcp);
	node->listener[which] = listener;
	return true;
}

bool
node_listen(Node *node)
{
	int		   *port[NODE_LISTENERS] = {&node->port, &node->shard_port, &node->tls_port, &node->tls_shard_port};

	for (int i = 0; i < NODE_LISTENERS; i++)
		if (node->listener[i] == NULL && *port[i] >= 0 && ((i & 1) == 0 || node->shard_port >= 0) &&
			((i & 2) == 0 || node->tls_port >= 0) && !listen_on(node, i, port[i]))
			return false;
	return true;
}

void
node_refuse(Node *node, bool shard_aware)
{
	for (int i = 0; i < NODE_LISTENERS; i++)
	{
		if (shard_aware && (i & 1) == 0)
			continue;
		if (node->listener[i] != NULL)
			uv_close((uv_handle_t *) &node->listener[i]->tcp, listener_closed);
		node->listener[i] = NULL;
	}
}

/* ---- the clock ---- */

static void
on_clock(uv_poll_t *poll, int status, int events)
{
	Node	   *node = poll->data;
	uint64_t	expired;

	if (status == 0 && (events & UV_READABLE) &&
		read(node->clock_fd, &expired, sizeof(expired)) == sizeof(expired))
	{
		node->clock_due = NODE_NEVER;
		node_conns_tick(node);
	}
}

/* Tick at `due` (uv_hrtime) or earlier; a tick arms the clock for what is left. */
void
node_clock_arm(Node *node, uint64_t due)
{
	struct itimerspec at = {0};

	if (due >= node->clock_due)
		return;
	node->clock_due = due;
	at.it_value.tv_sec = (time_t) (due / 1000000000);
	at.it_value.tv_nsec = (long) (due % 1000000000);
	timerfd_settime(node->clock_fd, TFD_TIMER_ABSTIME, &at, NULL);
}

/* ---- the node's side of mail ---- */

static bool
mail_fulfilled(const Node *node, const NodeMail *m)
{
	uint64_t	now = node_report_get(&node->report, m->text);

	if (now == UINT64_MAX)
		return false;
	return m->kind == MAIL_AWAIT ? now >= m->number : now <= m->number;
}

static void
mail_run(Node *node, NodeMail *m)
{
	switch (m->kind)
	{
		case MAIL_ORDER:
			m->ok = node_script(node, m->text);
			memcpy(m->error, node->failure.message, sizeof(m->error));
			break;
		case MAIL_REPORT:
			node_queue_look(node, uv_hrtime());
			*m->report = node->report;
			m->ok = true;
			break;
		case MAIL_RECORDS:
			m->max = node_records_copy(node, m->opcode, m->request, m->max);
			break;
		case MAIL_AWAIT:
		case MAIL_AWAIT_BELOW:
			m->ok = true;
			break;
	}
}

static void
mail_free(NodeMail *m)
{
	free(m->text);
	free(m);
}

/* Tell the owner, or free what nobody waits for any more. Lock is held. */
static void
mail_done(Node *node, NodeMail *m)
{
	if (m->abandoned)
		mail_free(m);
	else
	{
		m->done = true;
		pthread_cond_broadcast(&node->answered);
	}
}

static void
look_at_waiting(Node *node)
{
	NodeMail  **at = &node->waiting;

	if (node->waiting == NULL)
		return;
	pthread_mutex_lock(&node->lock);
	while (*at != NULL)
	{
		NodeMail   *m = *at;

		if (m->abandoned || mail_fulfilled(node, m))
		{
			*at = m->next;
			m->ok = true;
			mail_done(node, m);
		}
		else
			at = &m->next;
	}
	pthread_mutex_unlock(&node->lock);
}

static void
on_check(uv_check_t *check)
{
	look_at_waiting(check->data);
}

static void
close_handle(uv_handle_t *handle, void *node)
{
	if (!uv_is_closing(handle) && handle->type != UV_TCP)
		uv_close(handle, NULL);
	(void) node;
}

static void
shut_down(Node *node)
{
	node_refuse(node, false);
	for (NodeConn *c = node->conns; c != NULL; c = c->next)
		node_conn_close(c, CLOSE_NORMAL);
	uv_walk(&node->loop, close_handle, node);
}

static void
on_async(uv_async_t *async)
{
	Node	   *node = async->data;
	NodeMail   *m;
	bool		stop;

	for (;;)
	{
		pthread_mutex_lock(&node->lock);
		if ((m = node->mail) != NULL)
			node->mail = m->next;
		stop = node->stop;
		pthread_mutex_unlock(&node->lock);
		if (m == NULL)
			break;
		mail_run(node, m);
		if (m->kind == MAIL_AWAIT || m->kind == MAIL_AWAIT_BELOW)
		{
			m->next = node->waiting;
			node->waiting = m;
			continue;
		}
		pthread_mutex_lock(&node->lock);
		mail_done(node, m);
		pthread_mutex_unlock(&node->lock);
	}
	if (stop)
		shut_down(node);
}

static void *
node_main(void *arg)
{
	Node	   *node = arg;
	sigset_t	pipe;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);	/* an answer to a client that has gone */
	pthread_sigmask(SIG_BLOCK, &pipe, NULL);
	uv_run(&node->loop, UV_RUN_DEFAULT);
	return NULL;
}

/* ---- the caller's side of mail ---- */

static void
mail_post(Node *node, NodeMail *m)
{
	NodeMail  **at = &node->mail;

	while (*at != NULL)
		at = &(*at)->next;
	*at = m;
	uv_async_send(&node->async);
}

/* Post and wait; 0 waits for ever. False on timeout: then m is no longer ours. */
static bool
mail_send(Node *node, NodeMail *m, int timeout_ms)
{
	struct timespec until;
	int			rc = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += timeout_ms / 1000;
	until.tv_nsec += (long) (timeout_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000)
	{
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&node->lock);
	mail_post(node, m);
	while (!m->done && rc != ETIMEDOUT)
		rc = timeout_ms > 0 ? pthread_cond_timedwait(&node->answered, &node->lock, &until) :
			pthread_cond_wait(&node->answered, &node->lock);
	if (!m->done)
		m->abandoned = true;
	else
		rc = 0;
	pthread_mutex_unlock(&node->lock);
	return rc == 0;
}

static NodeMail *
mail_new(NodeMailKind kind)
{
	NodeMail   *m = node_alloc(sizeof(*m));

	m->kind = kind;
	return m;
}

bool
node_order(Node *node, const char *format,...)
{
	NodeMail   *m = mail_new(MAIL_ORDER);
	va_list		args;
	bool		ok;

	va_start(args, format);
	if (vasprintf(&m->text, format, args) < 0)
		abort();
	va_end(args);
	mail_send(node, m, 0);
	ok = m->ok;
	pthread_mutex_lock(&node->lock);
	snprintf(node->error, sizeof(node->error), "%s", ok ? "" : m->error);
	pthread_mutex_unlock(&node->lock);
	if (!ok)
		fprintf(stderr, "node: %s\n", m->error);
	mail_free(m);
	return ok;
}

const char *
node_error(const Node *node)
{
	return node->error;
}

void
node_report(Node *node, NodeReport *report)
{
	NodeMail   *m = mail_new(MAIL_REPORT);

	m->report = report;
	mail_send(node, m, 0);
	mail_free(m);
}

uint64_t
node_count(Node *node, const char *key)
{
	NodeReport	report;

	node_report(node, &report);
	return node_report_get(&report, key);
}

int
node_requests(Node *node, int opcode, NodeRequest *out, int max)
{
	NodeMail   *m = mail_new(MAIL_RECORDS);
	int			n;

	m->opcode = opcode;
	m->request = out;
	m->max = max;
	mail_send(node, m, 0);
	n = m->max;
	mail_free(m);
	return n;
}

static bool
await(Node *node, NodeMailKind kind, const char *key, uint64_t n, int timeout_ms)
{
	NodeMail   *m = mail_new(kind);

	if ((m->text = strdup(key)) == NULL)
		abort();
	m->number = n;
	if (!mail_send(node, m, timeout_ms > 0 ? timeout_ms : 1))
		return false;
	mail_free(m);
	return true;
}

bool
node_await(Node *node, const char *key, uint64_t n, int timeout_ms)
{
	return await(node, MAIL_AWAIT, key, n, timeout_ms);
}

bool
node_await_below(Node *node, const char *key, uint64_t n, int timeout_ms)
{
	return await(node, MAIL_AWAIT_BELOW, key, n, timeout_ms);
}

int
node_port(const Node *node)
{
	return node->port;
}

int
node_tls_port(const Node *node)
{
	return node->tls_port > 0 ? node->tls_port : 0;
}

int
node_tls_shard_port(const Node *node)
{
	return node->tls_shard_port > 0 ? node->tls_shard_port : 0;
}

int
node_shard_port(const Node *node)
{
	return node->shard_port > 0 ? node->shard_port : 0;
}

const char *
node_address(const Node *node)
{
	return node->address;
}

/* ---- start and stop ---- */

static void
node_defaults(Node *node)
{
	node->address = "127.0.0.1";
	node->self.dc = "dc1";
	node->self.rack = "rack1";
	node->shard_port = -1;
	node->tls_port = -1;
	node->ignore_msb = 12;
	node->landing = NODE_LANDING_ASKED;
	node->protocol = 5;
	node->oldest = NODE_OLDEST_PROTOCOL;
	node->lz4 = true;
	node->store = true;
	node->clock_due = NODE_NEVER;
}

static bool
node_handles(Node *node)
{
	if (uv_loop_init(&node->loop) != 0)
		return false;
	if ((node->clock_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) < 0)
		return false;
	node->async.data = node->check.data = node->clock.data = node;
	return uv_async_init(&node->loop, &node->async, on_async) == 0 &&
		uv_check_init(&node->loop, &node->check) == 0 &&
		uv_check_start(&node->check, on_check) == 0 &&
		uv_poll_init(&node->loop, &node->clock, node->clock_fd) == 0 &&
		uv_poll_start(&node->clock, UV_READABLE, on_clock) == 0;
}

static void
node_free(Node *node)
{
	if (uv_loop_close(&node->loop) != 0)
		fprintf(stderr, "node: a handle was left open\n");
	close(node->clock_fd);
	for (NodeMail *m = node->waiting, *next; m != NULL; m = next)
	{
		next = m->next;
		mail_free(m);
	}
	node_rules_clear(node);
	node_forget(node, NULL);
	for (NodeTable *t = node->tables; t != NULL; t = t->next)
		node_table_clear(t);
	cql_arena_free(&node->schema);
	cql_arena_free(&node->scratch);
	node_tls_off(node);
	cql_buffer_free(&node->ticket_keys);
	cql_buffer_free(&node->offered);
	free(node->inbox);
	free(node->value);
	free(node->record);
	free(node->ring);
	free(node->host);
	free(node->queue.due);
	pthread_cond_destroy(&node->answered);
	pthread_mutex_destroy(&node->lock);
	free(node);
}

static void
init_lock(Node *node)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&node->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&node->answered, &attr);
	pthread_condattr_destroy(&attr);
}

Node *
node_start(const char *script, char *error, size_t error_size)
{
	Node	   *node = node_alloc(sizeof(*node));

	node_defaults(node);
	init_lock(node);
	node->value = node_alloc(65536 * sizeof(CqlBytes));
	node->inbox = node_alloc(NODE_INBOX);
	node->record = node_alloc(NODE_RECORDS * sizeof(NodeRequest));
	if (!node_handles(node))
		abort();
	node_system_init(node);
	if (node_script(node, script ? script : "") && node_listen(node) &&
		pthread_create(&node->thread, NULL, node_main, node) == 0)
	{
		error[0] = '\0';
		return node;
	}
	snprintf(error, error_size, "%s", node->failure.message);
	shut_down(node);
	uv_run(&node->loop, UV_RUN_DEFAULT);
	node_free(node);
	return NULL;
}

void
node_stop(Node *node)
{
	if (node == NULL)
		return;
	pthread_mutex_lock(&node->lock);
	node->stop = true;
	uv_async_send(&node->async);
	pthread_mutex_unlock(&node->lock);
	pthread_join(node->thread, NULL);
	node_free(node);
}
