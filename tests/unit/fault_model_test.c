/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "model.h"

#include <criterion/criterion.h>
#include <string.h>

static const uint8_t zeros[MODEL_DIGEST_SIZE];

static struct model_chain
chain_of (uint64_t count)
{
  struct model_chain chain;

  model_chain_init (&chain, "PCR 1", zeros);
  model_chain_advance (&chain, count);
  return chain;
}

/* Extends VALUE as a TPM does.  */
static void
extend (uint8_t value[MODEL_DIGEST_SIZE], uint64_t number)
{
  uint8_t digest[MODEL_DIGEST_SIZE];

  model_digest ("PCR 1", number, digest);
  model_hash (value, MODEL_DIGEST_SIZE, digest, sizeof (digest), value);
}

Test (fault_model, number_is_exact)
{
  struct model_number number = { .acknowledged = 4 };

  cr_expect_eq (model_number_begin (&number), 5);
  model_number_acknowledge (&number);
  cr_expect_eq (model_number_judge (&number, 5), MODEL_EXACT);
}

Test (fault_model, number_in_flight_may_be_there)
{
  for (uint64_t actual = 4; actual <= 5; actual++)
    {
      struct model_number number = { .acknowledged = 4 };

      model_number_begin (&number);
      cr_expect_eq (model_number_judge (&number, actual),
                    actual == 4 ? MODEL_EXACT : MODEL_WAS_DONE);
      cr_expect_eq (number.acknowledged, actual);
    }
}

Test (fault_model, number_tells_lost_from_twice)
{
  struct model_number lost = { .acknowledged = 4 };
  struct model_number twice = { .acknowledged = 4 };
  struct model_number in_flight_twice = { .acknowledged = 4, .in_flight = true };

  cr_expect_eq (model_number_judge (&lost, 3), MODEL_LOST);
  cr_expect_eq (model_number_judge (&twice, 5), MODEL_TWICE);
  cr_expect_eq (model_number_judge (&in_flight_twice, 6), MODEL_TWICE);
}

Test (fault_model, goes_on_from_what_it_found)
{
  struct model_number number = { .acknowledged = 4 };

  model_number_judge (&number, 2);
  cr_expect_eq (model_number_judge (&number, 2), MODEL_EXACT);
}

Test (fault_model, data_shows_its_number)
{
  struct model_number number = { .acknowledged = 7 };
  uint8_t data[64];

  model_data_make ("nv", 7, data, sizeof (data));
  cr_expect_eq (model_data_judge (&number, "nv", data, sizeof (data)), MODEL_EXACT);
  model_data_make ("nv", 6, data, sizeof (data));
  cr_expect_eq (model_data_judge (&number, "nv", data, sizeof (data)), MODEL_LOST);
}

Test (fault_model, data_torn_is_foreign)
{
  struct model_number number = { .acknowledged = 7 };
  uint8_t data[64], old[64];

  model_data_make ("nv", 7, data, sizeof (data));
  model_data_make ("nv", 6, old, sizeof (old));
  memcpy (data + 32, old + 32, 32);
  cr_expect_eq (model_data_judge (&number, "nv", data, sizeof (data)), MODEL_FOREIGN);
  model_data_make ("other", 7, data, sizeof (data));
  cr_expect_eq (model_data_judge (&number, "nv", data, sizeof (data)), MODEL_FOREIGN);
}

Test (fault_model, chain_is_what_a_tpm_computes)
{
  struct model_chain chain = chain_of (0);
  uint8_t value[MODEL_DIGEST_SIZE] = { 0 }, digest[MODEL_DIGEST_SIZE];

  for (uint64_t number = 1; number <= 3; number++)
    {
      model_chain_begin (&chain, digest);
      model_chain_acknowledge (&chain);
      extend (value, number);
      cr_expect_eq (model_chain_judge (&chain, value), MODEL_EXACT);
    }
}

Test (fault_model, chain_in_flight_may_be_there)
{
  struct model_chain chain = chain_of (3);
  uint8_t value[MODEL_DIGEST_SIZE], digest[MODEL_DIGEST_SIZE];

  memcpy (value, chain.value, sizeof (value));
  model_chain_begin (&chain, digest);
  extend (value, 4);
  cr_expect_eq (model_chain_judge (&chain, value), MODEL_WAS_DONE);
  cr_expect_eq (chain.acknowledged, 4);
  cr_expect_eq (model_chain_judge (&chain, value), MODEL_EXACT);
}

Test (fault_model, chain_tells_lost)
{
  for (uint64_t count = 0; count < 3; count++)
    {
      struct model_chain chain = chain_of (3), shorter = chain_of (count);

      cr_expect_eq (model_chain_judge (&chain, shorter.value), MODEL_LOST, "%d of 3", (int) count);
    }
}

Test (fault_model, chain_tells_twice)
{
  static const uint64_t repeated[][2] = { { 3, 0 }, { 4, 0 }, { 4, 4 } };

  for (size_t i = 0; i < sizeof (repeated) / sizeof (repeated[0]); i++)
    {
      struct model_chain chain = chain_of (3);
      uint8_t value[MODEL_DIGEST_SIZE];

      memcpy (value, chain.value, sizeof (value));
      for (size_t j = 0; j < 2 && repeated[i][j] != 0; j++)
        extend (value, repeated[i][j]);
      cr_expect_eq (model_chain_judge (&chain, value), MODEL_TWICE, "case %zu", i);
    }
}

Test (fault_model, chain_with_a_gap_is_foreign)
{
  struct model_chain chain = chain_of (3);
  uint8_t value[MODEL_DIGEST_SIZE] = { 0 };

  extend (value, 1);
  extend (value, 3);
  cr_expect_eq (model_chain_judge (&chain, value), MODEL_FOREIGN);
  extend (value, 4);
  model_chain_acknowledge (&chain);
  cr_expect_eq (model_chain_judge (&chain, value), MODEL_EXACT);
}

Test (fault_model, verdicts)
{
  for (int verdict = MODEL_EXACT; verdict <= MODEL_FOREIGN; verdict++)
    {
      cr_expect_not_null (model_verdict_text (verdict));
      cr_expect_eq (model_verdict_good (verdict), verdict <= MODEL_WAS_DONE);
    }
}
