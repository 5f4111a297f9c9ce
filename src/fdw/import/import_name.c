/*
 * fdw/import/import_name.c
 *	  Names of the cluster's objects as PostgreSQL will know them.
 *
 * Backend thread. Owns nothing. CQL's names are exact, may hold any character and
 * be longer than NAMEDATALEN, so two of them can come to the same name here.
 * Invariant: a name here is one that PostgreSQL does not cut.
 */
#include "postgres.h"

#include "catalog/heap.h"
#include "parser/scansup.h"

#include "fdw/import/import_name.h"
#include "fdw/option/names.h"

static bool
has_both_cases(const char *name)
{
	bool		upper = false;
	bool		lower = false;

	for (; *name; name++)
	{
		upper |= *name >= 'A' && *name <= 'Z';
		lower |= *name >= 'a' && *name <= 'z';
	}
	return upper && lower;
}

ScyllaImportName *
scyllaMakeImportName(const char *utf8, ScyllaFolding folding)
{
	ScyllaImportName *name = palloc0(sizeof(*name));
	char	   *text = *utf8 ? scyllaTryFromUtf8(utf8) : NULL;

	name->remote = text ? text : scyllaTellUtf8(utf8);
	if (!text)
		return name;
	if (folding == SCYLLA_FOLD_LOWER || (folding == SCYLLA_FOLD_SMART && !has_both_cases(text)))
		name->local = downcase_identifier(text, (int) strlen(text), false, false);
	else
		name->local = pstrdup(text);
	if (strlen(name->local) >= NAMEDATALEN)
		name->changed = psprintf("Names are not longer than %d bytes.", NAMEDATALEN - 1);
	truncate_identifier(name->local, (int) strlen(name->local), false);
	Assert(strlen(name->local) < NAMEDATALEN);
	return name;
}

void
scyllaEvadeSystemColumn(ScyllaImportName *name)
{
	if (!name->local || !SystemAttributeByName(name->local))
		return;
	name->local = psprintf("%s_", name->local);
	name->changed = "PostgreSQL has a system column of that name in every table.";
}

static int
compare_names(const ListCell *a, const ListCell *b)
{
	const ScyllaImportName *x = lfirst(a);
	const ScyllaImportName *y = lfirst(b);
	int			order = strcmp(x->local, y->local);
	bool		x_changed = strcmp(x->local, x->remote) != 0;
	bool		y_changed = strcmp(y->local, y->remote) != 0;

	if (order != 0)
		return order;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	if (x_changed != y_changed)
		return x_changed ? 1 : -1;
	return strcmp(x->remote, y->remote);
}

void
scyllaSettleNames(List *names)
{
	List	   *sorted = NIL;
	ScyllaImportName *holder = NULL;
	ListCell   *lc;

	foreach(lc, names)
	{
		if (((ScyllaImportName *) lfirst(lc))->local)
			sorted = lappend(sorted, lfirst(lc));
	}
	list_sort(sorted, compare_names);
	foreach(lc, sorted)
	{
		ScyllaImportName *name = lfirst(lc);

		if (holder && strcmp(holder->local, name->local) == 0)
			name->winner = holder;
		else
			holder = name;
	}
	list_free(sorted);
}
