/*
 * fdw/option/option_value.h
 *	  What an option is, and what values it may have.
 *
 * Backend thread. A value is parsed by one function, for validation and for use.
 * What is refused raises.
 */
#ifndef FDW_OPTION_OPTION_VALUE_H
#define FDW_OPTION_OPTION_VALUE_H

#include "postgres.h"

#include "pipeline/client.h"

/* Of the kind depends which member of the value is used, and the type of the field that it goes to. */
typedef enum ScyllaOptionKind
{
	KIND_TEXT,					/* text: not empty */
	KIND_UTF8,					/* the same, converted for the core */
	KIND_LOCAL,					/* text: a name that who uses it judges */
	KIND_HOSTS,					/* text: contact points */
	KIND_FILE,					/* text: absolute path, or one of words; converted for the core */
	KIND_INTEGER,				/* number: min..max */
	KIND_MILLISECONDS,			/* number: the same, "5s" */
	KIND_SECONDS,				/* number: the same, "1 day" */
	KIND_CONSISTENCY,			/* number: CqlConsistency, min..max, in any case */
	KIND_WORD,					/* number: of one of words */
	KIND_LIST,					/* number: bits of a list of words, all or none */
	KIND_EITHER,				/* boolean: one of two words, true for the second */
	KIND_BOOLEAN,				/* boolean */
	KIND_BYTES,					/* size: "16MB"; min..max kB */
	KIND_COST					/* real: not below zero */
} ScyllaOptionKind;

typedef union ScyllaOptionValue
{
	char	   *text;
	int			number;
	bool		boolean;
	int64		size;
	double		real;
} ScyllaOptionValue;

typedef struct ScyllaWord
{
	const char *name;
	int			value;
} ScyllaWord;

#define SCYLLA_MAX_WORDS 5

/* What a column of the foreign table is, if not the value of one in the cluster. */
typedef enum ScyllaPseudo
{
	SCYLLA_NO_PSEUDO,			/* the value itself */
	SCYLLA_TTL,					/* what the cluster tells about another column's value */
	SCYLLA_WRITETIME,
	SCYLLA_WRITE_TTL,			/* how the row is written; reads as NULL */
	SCYLLA_WRITE_TIMESTAMP
} ScyllaPseudo;

/* Which of the structs in option.h a value goes to. */
typedef enum ScyllaOptionTarget
{
	TO_NOTHING,
	TO_CONNECTION,
	TO_TABLE,
	TO_IMPORT
} ScyllaOptionTarget;

/* Where an option may stand. */
#define ON_SERVER 1
#define ON_TABLE 2
#define ON_COLUMN 4
#define ON_MAPPING 8
#define ON_IMPORT 16

/* A row of the table in option.c, which is all that an option is. */
typedef struct ScyllaOptionDef ScyllaOptionDef;

struct ScyllaOptionDef
{
	const char *name;
	int			where;			/* ON_ bits */
	ScyllaOptionKind kind;
	int			min;
	int			max;
	ScyllaWord	words[SCYLLA_MAX_WORDS + 1];	/* the last one has no name */
	const char *otherwise;		/* the value where none is given; NULL: the field keeps what it has */
	const char *told;			/* the default in words, where otherwise does not tell it */
	ScyllaOptionTarget target;
	size_t		offset;			/* of the field in the target */
	size_t		size;
	const char *general;		/* the option that stands for this one at the same place; NULL: none */
	const int  *setting;		/* overrides the option where it is min..max; NULL: none does */
	ScyllaPseudo pseudo;		/* what the option makes of a column */
	void		(*guard) (const ScyllaOptionDef *def, const ScyllaOptionValue *value, int where);
	/* raises if the user may not set this there; NULL: everybody may */
	bool		required;		/* an object without it is refused */
	bool		secret;			/* no message shows its value */
	const char *more;			/* to be said where a value is refused; NULL: nothing */
	const char *meaning;
};

#define SCYLLA_MAX_TTL 630720000	/* 20 years; org.apache.cassandra.cql3.Attributes.MAX_TTL */
#define SCYLLA_MAX_REQUEST_TIMEOUT 3600000	/* ms */
#define SCYLLA_MAX_IN_FLIGHT 32000
#define SCYLLA_AGREEMENT_TIMEOUT 60000	/* ms until all nodes are to know of a changed schema */

extern ScyllaOptionValue scyllaOptionValue(const ScyllaOptionDef *def, const char *value);

/* In words, for hints and scylla_fdw_options. */
extern const char *scyllaValidValues(const ScyllaOptionDef *def);
extern const char *scyllaConsistencyNames(int first, int last);

/* "name", "name:port", "[v6]", "[v6]:port", by commas; port is that of those that have none. How many they are. */
extern int	scyllaParseHosts(const ScyllaOptionDef *def, const char *value, uint16_t port, ClusterContact **contacts);

#endif							/* FDW_OPTION_OPTION_VALUE_H */
