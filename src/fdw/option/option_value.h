/*
 * fdw/option/option_value.h
 *	  What the values of options mean, and which are refused.
 *
 * Backend thread. For option.c, whose table says of which kind the value of each
 * option is. What is refused raises.
 */
#ifndef FDW_OPTION_OPTION_VALUE_H
#define FDW_OPTION_OPTION_VALUE_H

#include "postgres.h"

#include "nodes/parsenodes.h"

#include "pipeline/client.h"

#define DEFAULT_PORT 9042

typedef enum ScyllaOptionKind
{
	KIND_TEXT,					/* not empty */
	KIND_HOSTS,
	KIND_INTEGER,				/* min..max */
	KIND_MILLISECONDS,			/* the same, "5s" */
	KIND_SECONDS,				/* "1 day" */
	KIND_BYTES,					/* "16MB" */
	KIND_COST,
	KIND_BOOLEAN,
	KIND_CONSISTENCY,
	KIND_SERIAL,
	KIND_PROTOCOL,
	KIND_COMPRESSION,
	KIND_INSERT_NULL,
	KIND_UPDATE_MODE,
	KIND_BATCH_MODE,
	KIND_PUSHDOWN				/* a list of words */
} ScyllaOptionKind;

typedef struct ScyllaOptionDef
{
	const char *name;
	int			where;
	ScyllaOptionKind	kind;
	int			min;
	int			max;
} ScyllaOptionDef;

extern int scyllaIntegerValue(const ScyllaOptionDef *def, const char *value);
extern int scyllaDurationValue(const ScyllaOptionDef *def, const char *value);
extern double scyllaCostValue(const ScyllaOptionDef *def, const char *value);
extern int64 scyllaBytesValue(const ScyllaOptionDef *def, const char *value);
extern bool scyllaBooleanValue(const ScyllaOptionDef *def, const char *value);
extern uint16_t scyllaConsistencyValue(const ScyllaOptionDef *def, const char *value);
extern uint16_t scyllaSerialValue(const ScyllaOptionDef *def, const char *value);
extern int scyllaProtocolValue(const ScyllaOptionDef *def, const char *value);
extern bool scyllaWordValue(const ScyllaOptionDef *def, const char *value, const char *first, const char *second);
extern int scyllaHostsValue(const ScyllaOptionDef *def, const char *value, uint16_t port, ClientContact **contacts);
extern int scyllaPushdownValue(const ScyllaOptionDef *def, const char *value);
extern void scyllaCheckValue(const ScyllaOptionDef *def, DefElem *element);

#endif							/* FDW_OPTION_OPTION_VALUE_H */
