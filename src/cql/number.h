/*
 * cql/number.h
 *	  varint and decimal: numbers of any size.
 *
 * Any thread. "Body" means the bytes behind a [value]'s length.
 */
#ifndef CQL_NUMBER_H
#define CQL_NUMBER_H

#include "cql/buffer.h"

/*
 * varint <-> decimal text. put takes an optional sign and digits (len > 0) and
 * writes the minimal two's complement body; false on other input. get appends
 * sign and digits (no NUL); an empty body is "0". Both functions are exact at any size up
 * to a limit that bounds their time, beyond which they return false: more than
 * PostgreSQL's numeric can hold.
 */
#define CQL_VARINT_MAX_DIGITS 150000
#define CQL_VARINT_MAX_SIZE 62500	/* bytes, about as many digits */

extern bool cql_put_varint_text(CqlBuffer *b, const char *digits, size_t len);
extern bool cql_get_varint_text(CqlBytes body, CqlBuffer *text);
/* Fast paths: false from get means it does not fit int64. */
extern void cql_put_varint_int64(CqlBuffer *b, int64_t v);
extern bool cql_get_varint_int64(CqlBytes body, int64_t *v);

/*
 * decimal body <-> text. put takes plain notation and exponents ("-123.4500",
 * "1E+3"); false on NaN, infinity, malformed text, a scale outside int32. Trailing
 * zeros are kept: 1.50 has scale 2. get_text gives what put makes the same number
 * and scale of, in the server's own form: an exponent where the scale is negative
 * or more than five zeros would follow the point, so the text is never much longer
 * than the digits. get_plain gives plain notation, and false where that would take
 * more than max_digits characters, the sign not counted.
 */
extern bool cql_put_decimal_text(CqlBuffer *b, const char *text, size_t len);
extern bool cql_get_decimal_text(CqlBytes body, CqlBuffer *text);
extern bool cql_get_decimal_plain(CqlBytes body, CqlBuffer *text, size_t max_digits);

#endif							/* CQL_NUMBER_H */
