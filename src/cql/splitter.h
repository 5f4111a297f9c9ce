/*
 * cql/splitter.h
 *	  Bytes as a socket delivers them, cut anywhere, into frames.
 *
 * Any thread. A splitter is fed bytes and owns no socket.
 *
 *	 cql_splitter_room -> read into it -> cql_splitter_fed -> cql_splitter_next*
 *
 * Zero-initialise. The v5 segment layer starts where the caller says so, by
 * cql_splitter_use_segments between two cql_splitter_next calls (after READY or
 * AUTHENTICATE), bytes already fed but not yet taken included. Memory grows with
 * the largest frame, never with a claimed length that was not received, and
 * shrinks back when a large frame is gone.
 */
#ifndef CQL_SPLITTER_H
#define CQL_SPLITTER_H

#include "cql/frame.h"

typedef enum CqlSplitStatus
{
	CQL_SPLIT_FRAME,			/* *frame is valid until the next call */
	CQL_SPLIT_MORE,				/* feed more bytes */
	CQL_SPLIT_BAD_LENGTH,		/* negative or over max_body */
	CQL_SPLIT_BAD_CRC,
	CQL_SPLIT_BAD_COMPRESSION,
	CQL_SPLIT_NO_MEMORY
} CqlSplitStatus;				/* the last four are sticky: close the connection */

typedef struct CqlSplitter
{
	CqlBuffer	wire;			/* bytes as received */
	size_t		taken;			/* of wire: already consumed */
	CqlBuffer	plain;			/* payloads of v5 segments, joined */
	size_t		plain_taken;
	CqlBuffer	inflated;		/* one decompressed body */
	uint32_t	max_body;		/* 0 = CQL_FRAME_MAX_BODY; applies to decompressed size too */
	bool		segments;
	bool		lz4;			/* segments are in the LZ4 layout */
	CqlSplitStatus broken;		/* sticky error or 0 */
} CqlSplitter;

/* At least min bytes of room; *room tells how many. NULL when out of memory. */
extern uint8_t *cql_splitter_room(CqlSplitter *s, size_t min, size_t *room);
extern void cql_splitter_fed(CqlSplitter *s, size_t n);
/* What was fed and is no frame yet, as received. */
extern const uint8_t *cql_splitter_rest(const CqlSplitter *s, size_t *n);
extern CqlSplitStatus cql_splitter_next(CqlSplitter *s, CqlFrame *frame);
extern void cql_splitter_use_segments(CqlSplitter *s, bool lz4);
extern void cql_splitter_free(CqlSplitter *s);

#endif							/* CQL_SPLITTER_H */
