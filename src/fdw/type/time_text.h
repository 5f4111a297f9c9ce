/*
 * fdw/type/time_text.h
 *	  The text form of CQL's timestamp, date, time and duration over their whole range.
 *
 * Backend thread. PostgreSQL's own parsers stop at its own ranges, which are
 * smaller, and follow session settings, which a wire value must not.
 */
#ifndef FDW_TYPE_TIME_TEXT_H
#define FDW_TYPE_TIME_TEXT_H

#include "fdw/type/converter.h"

typedef enum ScyllaParsed
{
	SCYLLA_PARSE_OK,
	SCYLLA_PARSE_INVALID,
	SCYLLA_PARSE_RANGE
} ScyllaParsed;

/* Appends the body that text means to out; id is one of the four. */
extern ScyllaParsed scyllaParseTime(CqlBuffer *out, CqlTypeId id, const char *text);

/* body has the type's size. False: malformed. */
extern bool scyllaAppendTime(StringInfo out, CqlTypeId id, CqlBytes body);

/* iso: P1Y2M3DT4H5M6.5S; otherwise CQL's 1y2mo3d4h5m6s500ms */
extern void scyllaAppendDuration(StringInfo out, const CqlDuration *d, bool iso);

#endif							/* FDW_TYPE_TIME_TEXT_H */
