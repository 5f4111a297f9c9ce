/*
 * fdw/option/option_check.c
 *	  Which options an object may have.
 *
 * Backend thread. Owns nothing. Invariant: what is refused is refused before any of
 * it is used.
 */
#include "postgres.h"

#include "catalog/pg_attribute.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_foreign_table.h"
#include "catalog/pg_user_mapping.h"
#include "commands/defrem.h"
#include "lib/stringinfo.h"

#include "fdw/option/nearest.h"
#include "fdw/option/option.h"
#include "fdw/option/option_check.h"
#include "fdw/option/tls.h"

static int
where_of_catalog(Oid catalog)
{
	switch (catalog)
	{
		case ForeignServerRelationId:
			return ON_SERVER;
		case ForeignTableRelationId:
			return ON_TABLE;
		case AttributeRelationId:
			return ON_COLUMN;
		case UserMappingRelationId:
			return ON_MAPPING;
		default:
			return 0;			/* the wrapper itself takes none */
	}
}

/* Of the options that may stand there: char *. */
static List *
names_of_options(int where)
{
	int			n;
	const ScyllaOptionDef *def = scyllaOptionDefs(&n);
	List	   *names = NIL;

	for (int i = 0; i < n; i++)
	{
		if (def[i].where & where)
			names = lappend(names, unconstify(char *, def[i].name));
	}
	return names;
}

static char *
join_names(List *names)
{
	StringInfoData joined;
	ListCell   *lc;

	initStringInfo(&joined);
	foreach(lc, names)
		appendStringInfo(&joined, "%s%s", joined.len > 0 ? ", " : "", (char *) lfirst(lc));
	return joined.data;
}

/* Whose option this is, NULL if nobody's. */
static const char *
whose(const char *name)
{
	static const ScyllaWord owners[] = {
		{"servers", ON_SERVER}, {"foreign tables", ON_TABLE}, {"columns", ON_COLUMN}, {"user mappings", ON_MAPPING},
		{"IMPORT FOREIGN SCHEMA", ON_IMPORT}
	};

	for (size_t i = 0; i < lengthof(owners); i++)
	{
		if (scyllaFindOption(name, owners[i].value) != NULL)
			return owners[i].name;
	}
	return NULL;
}

static void
refuse_unknown(const char *name, int where)
{
	List	   *names = names_of_options(where);
	const char *nearest = scyllaNearestName(name, names);
	const char *owner = whose(name);

	ereport(ERROR,
			(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
			 errmsg("invalid option \"%s\"", name),
			 names == NIL ? errhint("There are no valid options in this context.") :
			 owner ? errhint("This is an option of %s.", owner) :
			 nearest ? errhint("Perhaps you meant the option \"%s\".", nearest) :
			 errhint("Valid options in this context are: %s", join_names(names))));
}

/* PostgreSQL itself looks only at those that it keeps in a catalog. */
static void
refuse_second(List *options, int n)
{
	const char *name = list_nth_node(DefElem, options, n)->defname;

	for (int i = 0; i < n; i++)
	{
		if (strcmp(list_nth_node(DefElem, options, i)->defname, name) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_OBJECT),
					 errmsg("option \"%s\" provided more than once", name)));
	}
}

void
scyllaCheckOptions(List *options, int where)
{
	ListCell   *lc;

	foreach(lc, options)
	{
		DefElem    *element = lfirst_node(DefElem, lc);
		const ScyllaOptionDef *def = scyllaFindOption(element->defname, where);
		ScyllaOptionValue value;

		if (def == NULL)
			refuse_unknown(element->defname, where);
		refuse_second(options, foreach_current_index(lc));
		value = scyllaOptionValue(def, defGetString(element));
		if (def->guard != NULL)
			def->guard(def, &value, where);
	}
}

/* A column stands for one thing. */
static void
check_column_options(List *options)
{
	if (list_length(options) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
				 errmsg("options \"%s\" and \"%s\" exclude each other",
						linitial_node(DefElem, options)->defname, lsecond_node(DefElem, options)->defname)));
}

static void
check_required_options(List *options, int where)
{
	int			n;
	const ScyllaOptionDef *def = scyllaOptionDefs(&n);

	for (int i = 0; i < n; i++)
	{
		if (def[i].required && (def[i].where & where) && scyllaLookUpOption(def[i].name, options) == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_FDW_OPTION_NAME_NOT_FOUND),
					 errmsg("option \"%s\" is required", def[i].name),
					 errhint("Use OPTIONS (%s 'name').", def[i].name)));
	}
}

void
scyllaValidateOptions(List *options, Oid catalog)
{
	int			where = where_of_catalog(catalog);

	scyllaCheckOptions(options, where);
	if (where == ON_COLUMN)
		check_column_options(options);
	if (where == ON_SERVER)
		scyllaCheckTls(options);
	check_required_options(options, where);
}
