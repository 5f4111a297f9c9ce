/*
 * cql/token.c
 *	  Murmur3Partitioner tokens, routing keys, shards.
 *
 * Thread: any; pure functions.
 * Owns: nothing.
 * Invariants: bit for bit what the server computes, deviations from the
 * reference MurmurHash3 included: a wrong bit here is no error anyone sees, only
 * a request that takes one hop more, so the tests hold tokens read from a server.
 */
#include "cql/token.h"

#define C1 UINT64_C(0x87c37b91114253d5)
#define C2 UINT64_C(0x4cf5ad432745937f)

static inline uint64_t
rotl(uint64_t v, int n)
{
	return (v << n) | (v >> (64 - n));
}

static inline uint64_t
load_le64(const uint8_t *p)
{
	return __builtin_bswap64(cql_load_u64(p));
}

static inline uint64_t
mix_k1(uint64_t k)
{
	return rotl(k * C1, 31) * C2;
}

static inline uint64_t
mix_k2(uint64_t k)
{
	return rotl(k * C2, 33) * C1;
}

static inline uint64_t
fmix(uint64_t k)
{
	k ^= k >> 33;
	k *= UINT64_C(0xff51afd7ed558ccd);
	k ^= k >> 33;
	k *= UINT64_C(0xc4ceb9fe1a85ec53);
	k ^= k >> 33;
	return k;
}

/* XOR of up to eight tail bytes, each as Java's signed byte widened to a long. */
static uint64_t
tail_word(const uint8_t *p, size_t n)
{
	uint64_t	k = 0;

	for (size_t i = 0; i < n; i++)
		k ^= (uint64_t) (int64_t) (int8_t) p[i] << (8 * i);
	return k;
}

int64_t
cql_token_murmur3(const uint8_t *key, size_t len)
{
	const uint8_t *tail = key + (len & ~(size_t) 15);
	size_t		rest = len & 15;
	uint64_t	h1 = 0;
	uint64_t	h2 = 0;

	for (const uint8_t *p = key; p != tail; p += 16)
	{
		h1 ^= mix_k1(load_le64(p));
		h1 = (rotl(h1, 27) + h2) * 5 + 0x52dce729;
		h2 ^= mix_k2(load_le64(p + 8));
		h2 = (rotl(h2, 31) + h1) * 5 + 0x38495ab5;
	}
	if (rest > 8)
		h2 ^= mix_k2(tail_word(tail + 8, rest - 8));
	if (rest > 0)
		h1 ^= mix_k1(tail_word(tail, rest > 8 ? 8 : rest));

	h1 ^= len;
	h2 ^= len;
	h1 += h2;
	h2 += h1;
	h1 = fmix(h1) + fmix(h2);
	return h1 == (uint64_t) INT64_MIN ? INT64_MAX : (int64_t) h1;
}

void
cql_token_put_component(CqlBuffer *key, const uint8_t *data, size_t len)
{
	if (len > UINT16_MAX)
	{
		key->failed = true;
		return;
	}
	cql_put_short_bytes(key, data, (uint16_t) len);
	cql_put_u8(key, 0);
}

uint32_t
cql_token_shard(int64_t token, uint32_t nr_shards, uint32_t ignore_msb)
{
	uint64_t	biased;

	CORE_ASSERT(nr_shards > 0 && ignore_msb < 64);
	biased = ((uint64_t) token + (UINT64_C(1) << 63)) << ignore_msb;
	return (uint32_t) (((unsigned __int128) biased * nr_shards) >> 64);
}
