/*
 * fdw/session/warning.c
 *	  What the cluster warns of, told to the user.
 *
 * Backend thread. Owns the memory of which texts the running statement was told.
 * Invariants: a statement tells no more than MOST texts, and then once that there are
 * more; the server's text is shown as it came, converted from UTF-8.
 *
 * A statement may have a warning with each of a million answers, and their texts differ
 * in numbers and keys: "Read 100 live rows and 20301 tombstone cells for query ...". So
 * texts are the same where only numbers and what stands in quotes differ. They are
 * compared by hashes of 64 bits, and nothing has to be freed.
 */
#include "postgres.h"

#include <ctype.h>

#include "access/xact.h"
#include "common/hashfn.h"
#include "lib/stringinfo.h"

#include "fdw/option/names.h"
#include "fdw/option/setting.h"
#include "fdw/session/warning.h"

#define MOST 16					/* texts of one statement */

/* What was told, by the statement that the client has sent. */
static struct
{
	TimestampTz statement;
	int			n;				/* of text; MOST + 1: also that there are more */
	uint64		text[MOST];		/* hashes */
}			told;

/*
 * Texts about CQL that the user did not write, and can do nothing about: they begin so.
 * All are of org.apache.cassandra.cql3.statements.SelectStatement, Cassandra 5.0.
 */
static const char *const ours[] = {
	"Aggregation query used without partition key", /* aggregates that are pushed down; count(*) */
	"Aggregation query used on multiple partition keys",	/* the same */
	"Top-K queries do not support paging and the page size is set to",	/* fetch_size, of nearest vectors */
};

static bool
is_ours(const char *text)
{
	for (size_t i = 0; i < lengthof(ours); i++)
	{
		if (strncmp(text, ours[i], strlen(ours[i])) == 0)
			return true;
	}
	return false;
}

static bool
in_word(char c)
{
	return isalnum((unsigned char) c) || c == '_';
}

/* Behind the number with its sign and unit, or the quoted text, that begins here; here, if none does. */
static const char *
skip_value(const char *text, const char *at)
{
	const char *digit = *at == '-' ? at + 1 : at;
	const char *end = at + 1;

	if (*at == '\'' && (end = strchr(end, '\'')) != NULL)
		return end + 1;
	if (!isdigit((unsigned char) *digit) || (at > text && in_word(at[-1])))
		return at;
	while (in_word(*end) || ((*end == '.' || *end == ',' || *end == '-' || *end == ':') && in_word(end[1])))
		end++;
	return end;
}

/* Of the text without the values in it. */
static uint64
hash_text(const char *text)
{
	StringInfoData shape;
	uint64		hash;

	initStringInfo(&shape);
	for (const char *at = text; *at != '\0';)
	{
		const char *end = skip_value(text, at);

		appendStringInfoChar(&shape, end > at ? '0' : *at);
		at = Max(end, at + 1);
	}
	hash = hash_bytes_extended((unsigned char *) shape.data, shape.len, 0);
	pfree(shape.data);
	return hash;
}

/* A statement of the client's, with all that functions and triggers do in it. */
static void
begin_statement(void)
{
	TimestampTz statement = GetCurrentStatementStartTimestamp();

	if (told.statement == statement)
		return;
	told.statement = statement;
	told.n = 0;
}

static bool
was_told(uint64 hash)
{
	for (int i = 0; i < Min(told.n, MOST); i++)
	{
		if (told.text[i] == hash)
			return true;
	}
	return false;
}

static void
tell(const char *text, const char *node)
{
	uint64		hash;

	if (told.n > MOST)
		return;
	hash = hash_text(text);
	if (was_told(hash))
		return;
	if (told.n++ == MOST)
	{
		ereport(WARNING, (errmsg("the cluster has warned of more than %d things", MOST)));
		return;
	}
	told.text[told.n - 1] = hash;
	ereport(WARNING,
			(errmsg_internal("%s", scyllaTellUtf8(text)),
			 errdetail_internal("Node %s.", node)));
}

void
scyllaTellWarnings(const ClusterWarnings *w, bool by_hand)
{
	const char *text;

	if (w == NULL || !scylla_warnings)
		return;
	begin_statement();
	text = w->text;
	for (int i = 0; i < w->count; i++)
	{
		if (text[0] != '\0' && (by_hand || !is_ours(text)))
			tell(text, w->node);
		text += strlen(text) + 1;
	}
}
