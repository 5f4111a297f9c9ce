/*
 * The splitter: the first byte picks the wire's form, the second how the rest is
 * cut. Frames must come out the same however the bytes were cut.
 */
#include <stdlib.h>

#include "cql/splitter.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_BODY (1 << 20)

typedef struct Outcome
{
	uint32_t	frames;
	uint32_t	digest;			/* of every byte of every frame */
	CqlSplitStatus status;
} Outcome;

static void
drain(CqlSplitter *s, Outcome *o)
{
	CqlFrame	f;

	while ((o->status = cql_splitter_next(s, &f)) == CQL_SPLIT_FRAME)
	{
		if (f.length > MAX_BODY)
			abort();
		o->frames++;
		o->digest = o->digest * 31 + f.opcode + (uint16_t) f.stream;
		for (uint32_t i = 0; i < f.length; i++)
			o->digest = o->digest * 31 + f.body[i];
	}
}

static Outcome
split(const uint8_t *data, size_t size, uint8_t form, size_t step)
{
	CqlSplitter s = {.max_body = MAX_BODY};
	Outcome		o = {0};

	if (form & 1)
		cql_splitter_use_segments(&s, form & 2);
	for (size_t at = 0; at < size; at += step)
	{
		size_t		n = step < size - at ? step : size - at;
		size_t		room;
		uint8_t    *p = cql_splitter_room(&s, n, &room);

		if (!p || room < n)
			abort();
		memcpy(p, data + at, n);
		cql_splitter_fed(&s, n);
		drain(&s, &o);
	}
	cql_splitter_free(&s);
	return o;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Outcome		whole;
	Outcome		cut;

	if (size < 3)
		return 0;
	whole = split(data + 2, size - 2, data[0], size);
	cut = split(data + 2, size - 2, data[0], 1 + data[1] % 16);
	if (whole.frames != cut.frames || whole.digest != cut.digest || whole.status != cut.status)
		abort();
	return 0;
}
