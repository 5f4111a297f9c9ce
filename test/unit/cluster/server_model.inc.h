/*
 * Servers and clients in virtual time, for cluster/window: what a window meets.
 *
 * A server takes requests from one queue with a number of workers; a client is a loop in
 * turns: it takes the answers that came, refills its windows, and works meanwhile. Its
 * stamps are those of its turns. All random numbers come from one seed.
 */
#ifndef SERVER_MODEL_INC_H
#define SERVER_MODEL_INC_H

#include "cluster/window.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MODEL_US UINT64_C(1000)
#define MODEL_MS UINT64_C(1000000)
#define MODEL_S UINT64_C(1000000000)
#define MODEL_EPOCH (UINT64_C(1700000000) * MODEL_S)	/* of the wall clock */
#define MODEL_WORKERS 32
#define MODEL_PLACES 4
#define MODEL_CLIENTS 64
#define MODEL_TAKEN 16384		/* requests that a client may have taken: in lanes and in flight */

typedef struct ModelServer
{
	double		rate;			/* requests a second */
	uint32_t	workers;
	bool		exponential;	/* service times; else all alike */
	double		batching;		/* a lone request costs so many times what one of a crowd does; 0: none */
	uint64_t	stall_every;	/* it stands still from time to time */
	uint64_t	stall;			/* and for up to so long */
	uint32_t	refuses;		/* what comes while so many are there; 0: nothing */

	uint64_t	free[MODEL_WORKERS];
	uint64_t	next_stall;
} ModelServer;

typedef struct ModelAnswer
{
	uint64_t	arrives;
	uint64_t	sent;
	uint32_t	place;
	bool		refused;
} ModelAnswer;

typedef struct ModelClient
{
	/* given */
	ModelServer *server[MODEL_PLACES];
	uint64_t	rtt[MODEL_PLACES];
	uint32_t	places;
	uint32_t	fixed;			/* window; 0: the rule */
	uint64_t	cpu;			/* ns a request */
	uint64_t	least_turn;		/* ns that a turn works at least */
	double		starved;		/* part of the turns in which another process has the core */
	uint64_t	starved_for;	/* up to so long */
	bool		blind;			/* which the client takes for its wait in poll */
	double		offered;		/* requests a second that there are; 0: any number */
	uint64_t	joins;
	uint64_t	leaves;			/* 0: never */
	int64_t		clock_error;	/* ns */

	/* kept */
	ClusterWindow window[MODEL_PLACES];
	uint32_t	in_flight[MODEL_PLACES];
	uint32_t	waiting[MODEL_PLACES];
	uint32_t	taken;
	uint64_t	next_turn;
	uint64_t	last_offer;
	double		offer;
	uint64_t	done;
	uint64_t	refused;
	ModelAnswer *answers;		/* heap */
	uint32_t	count;
} ModelClient;

typedef struct Model
{
	ModelServer server[MODEL_PLACES];
	ModelClient client[MODEL_CLIENTS];
	uint32_t	clients;
	uint64_t	now;
	uint64_t	random;

	/* the second client */
	uint64_t	probe_every;	/* 0: none */
	uint64_t	next_probe;
	double		probe_sum;
	uint32_t	probes;
} Model;

static inline double
model_random(Model *m)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 7;
	m->random ^= m->random << 17;
	return (double) (m->random >> 11) / 9007199254740992.0;
}

/* ---- heaps ---- */

static inline void
model_heap_add(ModelAnswer *heap, uint32_t *count, ModelAnswer a)
{
	uint32_t	i = (*count)++;

	for (; i > 0 && heap[(i - 1) / 2].arrives > a.arrives; i = (i - 1) / 2)
		heap[i] = heap[(i - 1) / 2];
	heap[i] = a;
}

static inline ModelAnswer
model_heap_take(ModelAnswer *heap, uint32_t *count)
{
	ModelAnswer first = heap[0];
	ModelAnswer last = heap[--*count];
	uint32_t	i = 0;

	for (;;)
	{
		uint32_t	child = 2 * i + 1;

		if (child >= *count)
			break;
		if (child + 1 < *count && heap[child + 1].arrives < heap[child].arrives)
			child++;
		if (heap[child].arrives >= last.arrives)
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = last;
	return first;
}

/* ---- the server ---- */

/* How many of those that came before are still there, of a server with one worker. */
static inline uint32_t
model_queue(const ModelServer *s, uint64_t now, double cost)
{
	return s->free[0] > now ? (uint32_t) ((double) (s->free[0] - now) / cost) : 0;
}

static inline double
model_cost(const ModelServer *s)
{
	return (double) MODEL_S * s->workers / s->rate;
}

/* When it is done. */
static inline uint64_t
model_serve(Model *m, ModelServer *s, uint64_t arrives)
{
	double		cost = model_cost(s);
	uint32_t	w = 0;
	uint64_t	begin;

	for (uint32_t i = 1; i < s->workers; i++)
		if (s->free[i] < s->free[w])
			w = i;
	if (s->stall > 0 && arrives >= s->next_stall)
	{
		uint64_t	stall = (uint64_t) ((double) s->stall * (0.3 + 0.7 * model_random(m)));

		for (uint32_t i = 0; i < s->workers; i++)
			s->free[i] = (s->free[i] < arrives ? arrives : s->free[i]) + stall;
		s->next_stall += (uint64_t) ((double) s->stall_every * (0.5 + model_random(m)));
	}
	if (s->batching > 1)
	{
		double		n = model_queue(s, arrives, cost) / 16.0;

		cost *= 1 + (s->batching - 1) / (1 + n * n);
	}
	if (s->exponential)
		cost *= -log(1 - model_random(m));
	begin = s->free[w] > arrives ? s->free[w] : arrives;
	return s->free[w] = begin + (uint64_t) cost;
}

/* ---- the client ---- */

static inline uint32_t
model_limit(const ModelClient *c, uint32_t place)
{
	return c->fixed ? c->fixed : c->window[place].limit;
}

/* Of two places the one that is less full. */
static inline uint32_t
model_choose(Model *m, const ModelClient *c)
{
	uint32_t	a = 0;
	uint32_t	b = 0;

	if (c->places == 1)
		return 0;
	a = (uint32_t) (model_random(m) * c->places);
	b = (a + 1 + (uint32_t) (model_random(m) * (c->places - 1))) % c->places;
	return (uint64_t) (c->in_flight[a] + c->waiting[a]) * model_limit(c, b) <= (uint64_t) (c->in_flight[b] + c->waiting[b]) * model_limit(c, a) ? a : b;
}

static inline uint64_t
model_wall_clock(const Model *m, const ModelClient *c)
{
	return MODEL_EPOCH + (uint64_t) ((int64_t) m->now + c->clock_error);
}

static inline void
model_wait(Model *m, ModelClient *c, uint32_t place)
{
	if (c->waiting[place] + c->in_flight[place] == 0)
		cluster_window_wake(&c->window[place], model_wall_clock(m, c));
	c->waiting[place]++;
}

static inline void
model_take(Model *m, ModelClient *c)
{
	if (c->offered > 0)
	{
		c->offer += c->offered * (double) (m->now - c->last_offer) / (double) MODEL_S;
		c->last_offer = m->now;
	}
	while (c->taken < MODEL_TAKEN && (c->offered == 0 || c->offer >= 1) && !(c->leaves && m->now >= c->leaves))
	{
		c->offer -= c->offered > 0;
		model_wait(m, c, model_choose(m, c));
		c->taken++;
	}
}

static inline void
model_send(Model *m, ModelClient *c, uint32_t place, uint64_t sent)
{
	ModelServer *s = c->server[place];
	ModelAnswer a = {.sent = m->now, .place = place};
	uint64_t	arrives = sent + c->rtt[place] / 2;

	a.refused = s->refuses > 0 && model_queue(s, arrives, model_cost(s)) >= s->refuses;
	a.arrives = (a.refused ? arrives : model_serve(m, s, arrives)) + c->rtt[place] / 2;
	a.arrives += (uint64_t) ((double) c->rtt[place] * 0.02 * model_random(m));
	model_heap_add(c->answers, &c->count, a);
	c->waiting[place]--;
	c->in_flight[place]++;
}

static inline void
model_turn(Model *m, ModelClient *c)
{
	uint64_t	work = 0;
	uint64_t	busy;

	while (c->count > 0 && c->answers[0].arrives <= m->now)
	{
		ModelAnswer a = model_heap_take(c->answers, &c->count);

		c->in_flight[a.place]--;
		work += c->cpu;
		cluster_window_note(&c->window[a.place], m->now - a.sent);
		if (a.refused)
		{
			cluster_window_overloaded(&c->window[a.place]);
			model_wait(m, c, a.place);
			c->refused++;
			continue;
		}
		c->taken--;
		c->done++;
	}
	model_take(m, c);
	for (uint32_t p = 0; p < c->places; p++)
		while (c->waiting[p] > 0 && c->in_flight[p] < model_limit(c, p))
			model_send(m, c, p, m->now + work);
	if (work < c->least_turn)
		work = c->least_turn;
	busy = work;
	if (c->starved > 0 && model_random(m) < c->starved)
		work += (uint64_t) ((double) c->starved_for * model_random(m));
	for (uint32_t p = 0; p < c->places; p++)
	{
		if (c->waiting[p] + c->in_flight[p] > 0)
			cluster_window_turn(&c->window[p], model_wall_clock(m, c), c->waiting[p] > 0, c->blind ? busy : work);
	}
	c->next_turn = m->now + work;
	/* the wait in poll, for answers, work, or a slot's end: another timer wakes within a millisecond or so */
	if (c->count > 0 && c->answers[0].arrives > c->next_turn)
		c->next_turn = c->answers[0].arrives;
	else if (c->count == 0)
		c->next_turn += MODEL_MS;
	if (c->next_turn == m->now)
		c->next_turn++;
	if (c->offered > 0 && c->next_turn > m->now + MODEL_MS / 5 && c->taken < MODEL_TAKEN)
		c->next_turn = m->now + (work > MODEL_MS / 5 ? work : MODEL_MS / 5);
}

/* ---- all of it ---- */

static inline Model *
model_new(uint64_t seed)
{
	Model	   *m = calloc(1, sizeof(*m));

	m->random = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
	return m;
}

static inline void
model_free(Model *m)
{
	for (uint32_t i = 0; i < m->clients; i++)
		free(m->client[i].answers);
	free(m);
}

/* With one worker, until more is set. */
static inline ModelServer *
model_server(Model *m, uint32_t i, double rate)
{
	ModelServer *s = &m->server[i];

	s->rate = rate;
	s->workers = 1;
	return s;
}

/* At server 0. */
static inline ModelClient *
model_client(Model *m, uint64_t rtt)
{
	ModelClient *c = &m->client[m->clients++];

	for (int i = 0; i < MODEL_PLACES; i++)
	{
		c->server[i] = &m->server[0];
		c->rtt[i] = rtt;
		cluster_window_init(&c->window[i]);
	}
	c->places = 1;
	c->cpu = 700;
	c->answers = calloc(MODEL_TAKEN, sizeof(ModelAnswer));
	return c;
}

static inline void
model_probe(Model *m)
{
	m->probe_sum += (double) (model_serve(m, &m->server[0], m->now) - m->now);
	m->probes++;
	m->next_probe = m->now + (uint64_t) ((double) m->probe_every * (0.5 + model_random(m)));
}

/* What the second client waited on average. */
static inline double
model_probe_ms(const Model *m)
{
	return m->probe_sum / m->probes / MODEL_MS;
}

static inline void
model_run(Model *m, uint64_t until)
{
	for (;;)
	{
		ModelClient *first = NULL;
		uint64_t	at = m->probe_every ? m->next_probe : UINT64_MAX;

		for (uint32_t i = 0; i < m->clients; i++)
		{
			ModelClient *c = &m->client[i];
			uint64_t	turn = c->next_turn > c->joins ? c->next_turn : c->joins;

			if (turn < at)
			{
				at = turn;
				first = c;
			}
		}
		if (at > until)
			break;
		m->now = at;
		if (first)
			model_turn(m, first);
		else
			model_probe(m);
	}
	m->now = until;
}

static inline uint64_t
model_done(const Model *m)
{
	uint64_t	sum = 0;

	for (uint32_t i = 0; i < m->clients; i++)
		sum += m->client[i].done;
	return sum;
}

#endif							/* SERVER_MODEL_INC_H */
