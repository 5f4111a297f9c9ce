/*
 * fdw/admin/options.c
 *	  What options and settings there are.
 *
 * Backend thread. Owns nothing. Invariant: what is told comes from the tables of
 * option.c and setting.c, so nothing is told that is not there.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "fdw/admin/options.h"
#include "fdw/option/option.h"
#include "fdw/option/setting.h"

/* text[] */
static Datum
contexts(int where)
{
	static const ScyllaWord words[] = {
		{"server", ON_SERVER}, {"table", ON_TABLE}, {"column", ON_COLUMN}, {"user mapping", ON_MAPPING}, {"import", ON_IMPORT}
	};
	Datum		names[lengthof(words)];
	int			n = 0;

	for (size_t i = 0; i < lengthof(words); i++)
	{
		if (where & words[i].value)
			names[n++] = CStringGetTextDatum(words[i].name);
	}
	if (where == 0)
		names[n++] = CStringGetTextDatum("setting");
	return PointerGetDatum(construct_array(names, n, TEXTOID, -1, false, TYPALIGN_INT));
}

/* where: 0 for a setting. */
static void
put_option(ReturnSetInfo *result, const char *name, int where, const char *otherwise, const char *valid, const char *meaning)
{
	Datum		values[] = {
		CStringGetTextDatum(name), contexts(where), otherwise ? CStringGetTextDatum(otherwise) : (Datum) 0,
		CStringGetTextDatum(valid), CStringGetTextDatum(meaning)
	};
	bool		nulls[lengthof(values)] = {[2] = otherwise == NULL};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static void
list_settings(ReturnSetInfo *result)
{
	int			n;
	const ScyllaSetting *s = scyllaSettings(&n);

	for (int i = 0; i < n; i++)
	{
		const char *meaning = s[i].more ? psprintf("%s %s", s[i].meaning, s[i].more) : s[i].meaning;

		put_option(result, s[i].name, 0, scyllaSettingDefault(&s[i]), scyllaSettingValues(&s[i]), meaning);
	}
}

void
scyllaListOptions(ReturnSetInfo *result)
{
	int			n;
	const ScyllaOptionDef *def = scyllaOptionDefs(&n);

	for (int i = 0; i < n; i++)
		put_option(result, def[i].name, def[i].where, def[i].told ? def[i].told : def[i].otherwise,
				   scyllaValidValues(&def[i]), def[i].meaning);
	list_settings(result);
}
