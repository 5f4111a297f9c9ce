/*
 * fdw/session/timestamp.c
 *	  When a row was written, as this client says.
 *
 * Backend thread. Owns the last timestamps given. Invariant: the timestamps of a slot
 * rise strictly for the life of the process, whatever the clock does.
 *
 * Rows of one key need timestamps that rise strictly: then the last duplicate wins,
 * and a retry does no harm. One counter for all keys would let a load of more than a
 * million rows a second run ahead of the clock, and other clients' later updates
 * would lose.
 */
#include "postgres.h"

#include <sys/time.h>

#include "fdw/session/timestamp.h"

/*
 * A slot is shared by the tokens that fall on it, and by all sessions, which only
 * makes their rows increase together; with thousands of slots a load of many keys
 * never runs ahead of the clock. The table survives the client: the clock may step back
 * between.
 */
#define TIMESTAMP_SLOTS 8192

int64
scyllaTimestamp(int64 token)
{
	static int64 last_timestamp[TIMESTAMP_SLOTS];
	int64	   *last = &last_timestamp[(uint64) token >> 51];
	struct timeval now;
	int64		us;

	StaticAssertStmt(TIMESTAMP_SLOTS == 1 << 13, "the shift takes 13 bits");
	gettimeofday(&now, NULL);
	us = (int64) now.tv_sec * 1000000 + now.tv_usec;
	if (us <= *last)
		us = *last + 1;
	*last = us;
	return us;
}
