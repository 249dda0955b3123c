/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "model.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Without SHA-256 nothing that the test says is worth anything.  */
static void
must (int success)
{
  if (success != 1)
    abort ();
}

void
model_hash (const void *one, size_t one_size, const void *other, size_t other_size,
            uint8_t digest[MODEL_DIGEST_SIZE])
{
  EVP_MD_CTX *context = EVP_MD_CTX_new ();

  must (context != NULL);
  must (EVP_DigestInit_ex (context, EVP_sha256 (), NULL));
  must (EVP_DigestUpdate (context, one, one_size));
  must (EVP_DigestUpdate (context, other, other_size));
  must (EVP_DigestFinal_ex (context, digest, NULL));
  EVP_MD_CTX_free (context);
}

void
model_digest (const char *label, uint64_t number, uint8_t digest[MODEL_DIGEST_SIZE])
{
  model_hash (label, strlen (label), &number, sizeof (number), digest);
}

const char *
model_verdict_text (enum model_verdict verdict)
{
  static const char *const texts[] = {
    [MODEL_EXACT] = "as acknowledged",
    [MODEL_WAS_DONE] = "as acknowledged, and the unanswered change was done",
    [MODEL_LOST] = "an acknowledged change is lost",
    [MODEL_TWICE] = "a change was done twice, or that nobody asked for",
    [MODEL_FOREIGN] = "not explained by the changes made",
  };

  return texts[verdict];
}

bool
model_verdict_good (enum model_verdict verdict)
{
  return verdict == MODEL_EXACT || verdict == MODEL_WAS_DONE;
}

uint64_t
model_number_begin (struct model_number *number)
{
  number->in_flight = true;
  return number->acknowledged + 1;
}

void
model_number_acknowledge (struct model_number *number)
{
  number->in_flight = false;
  number->acknowledged++;
}

enum model_verdict
model_number_judge (struct model_number *number, uint64_t actual)
{
  uint64_t expected = number->acknowledged;
  bool in_flight = number->in_flight;

  *number = (struct model_number){ .acknowledged = actual };
  if (actual == expected)
    return MODEL_EXACT;
  if (actual < expected)
    return MODEL_LOST;
  return in_flight && actual == expected + 1 ? MODEL_WAS_DONE : MODEL_TWICE;
}

void
model_data_make (const char *label, uint64_t number, uint8_t *data, size_t size)
{
  uint8_t digest[MODEL_DIGEST_SIZE];

  model_digest (label, number, digest);
  for (size_t i = 0; i < size; i++)
    data[i] = i < 8 ? (uint8_t) (number >> (8 * (7 - i))) : digest[i % sizeof (digest)];
}

static bool
is_data (const char *label, uint64_t number, const uint8_t *data, size_t size)
{
  uint8_t digest[MODEL_DIGEST_SIZE];

  model_digest (label, number, digest);
  for (size_t i = 8; i < size; i++)
    if (data[i] != digest[i % sizeof (digest)])
      return false;
  return true;
}

enum model_verdict
model_data_judge (struct model_number *number, const char *label, const uint8_t *data, size_t size)
{
  uint64_t actual = 0;

  for (size_t i = 0; i < 8; i++)
    actual = actual << 8 | data[i];
  if (!is_data (label, actual, data, size))
    return MODEL_FOREIGN;
  return model_number_judge (number, actual);
}

static void
extend (const struct model_chain *chain, uint64_t number, uint8_t value[MODEL_DIGEST_SIZE])
{
  uint8_t digest[MODEL_DIGEST_SIZE];

  model_digest (chain->label, number, digest);
  model_hash (value, MODEL_DIGEST_SIZE, digest, sizeof (digest), value);
}

void
model_chain_init (struct model_chain *chain, const char *label,
                  const uint8_t start[MODEL_DIGEST_SIZE])
{
  *chain = (struct model_chain){ 0 };
  snprintf (chain->label, sizeof (chain->label), "%s", label);
  memcpy (chain->start, start, sizeof (chain->start));
  memcpy (chain->value, start, sizeof (chain->value));
}

void
model_chain_acknowledge (struct model_chain *chain)
{
  chain->in_flight = false;
  chain->acknowledged++;
  extend (chain, chain->acknowledged, chain->value);
}

void
model_chain_advance (struct model_chain *chain, uint64_t count)
{
  while (count-- > 0)
    model_chain_acknowledge (chain);
}

void
model_chain_begin (struct model_chain *chain, uint8_t digest[MODEL_DIGEST_SIZE])
{
  chain->in_flight = true;
  model_digest (chain->label, chain->acknowledged + 1, digest);
}

/* Whether ACTUAL is VALUE extended by change NUMBER, TIMES times.  */
static bool
extended (const struct model_chain *chain, const uint8_t from[MODEL_DIGEST_SIZE], uint64_t number,
          unsigned int times, const uint8_t actual[MODEL_DIGEST_SIZE])
{
  uint8_t value[MODEL_DIGEST_SIZE];

  memcpy (value, from, sizeof (value));
  while (times-- > 0)
    extend (chain, number, value);
  return memcmp (value, actual, sizeof (value)) == 0;
}

/* Walks through all values that there have been.  */
static enum model_verdict
search (const struct model_chain *chain, const uint8_t actual[MODEL_DIGEST_SIZE])
{
  uint8_t value[MODEL_DIGEST_SIZE];

  if (extended (chain, chain->value, chain->acknowledged, 1, actual)
      || extended (chain, chain->value, chain->acknowledged + 1, 1, actual)
      || extended (chain, chain->value, chain->acknowledged + 1, 2, actual))
    return MODEL_TWICE;
  memcpy (value, chain->start, sizeof (value));
  for (uint64_t number = chain->first; number < chain->acknowledged; number++)
    {
      if (memcmp (value, actual, sizeof (value)) == 0)
        return MODEL_LOST;
      extend (chain, number + 1, value);
    }
  return MODEL_FOREIGN;
}

static enum model_verdict
find (const struct model_chain *chain, const uint8_t actual[MODEL_DIGEST_SIZE])
{
  if (memcmp (chain->value, actual, MODEL_DIGEST_SIZE) == 0)
    return MODEL_EXACT;
  if (chain->in_flight && extended (chain, chain->value, chain->acknowledged + 1, 1, actual))
    return MODEL_WAS_DONE;
  return search (chain, actual);
}

enum model_verdict
model_chain_judge (struct model_chain *chain, const uint8_t actual[MODEL_DIGEST_SIZE])
{
  enum model_verdict verdict = find (chain, actual);

  chain->in_flight = false;
  if (verdict == MODEL_WAS_DONE)
    chain->acknowledged++;
  if (verdict != MODEL_EXACT && verdict != MODEL_WAS_DONE)
    {
      chain->first = chain->acknowledged;
      memcpy (chain->start, actual, sizeof (chain->start));
    }
  memcpy (chain->value, actual, sizeof (chain->value));
  return verdict;
}
