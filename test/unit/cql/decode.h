/*
 * test/unit/cql/decode.h
 *	  A decoder and bytes for it: whole, and cut everywhere.
 */
#ifndef TEST_CQL_DECODE_H
#define TEST_CQL_DECODE_H

#include "hex.h"

typedef bool (*Decode) (CqlReader r);

static inline bool
decode(Decode decoder, const char *bytes)
{
	Golden		g = golden(bytes);
	bool		ok = decoder(cql_reader(g.data, g.len));

	free(g.data);
	return ok;
}

/* The bytes are taken, and refused at each length short of theirs. */
static inline void
check_cuts(Decode decoder, const char *bytes)
{
	Golden		g = golden(bytes);

	assert_true(decoder(cql_reader(g.data, g.len)));
	for (size_t len = 0; len < g.len; len++)
	{
		Golden		cut = golden_copy(g.data, len);

		if (decoder(cql_reader(cut.data, cut.len)))
			fail_msg("%s is accepted with %zu bytes of %zu", bytes, len, g.len);
		free(cut.data);
	}
	free(g.data);
}

#endif							/* TEST_CQL_DECODE_H */
