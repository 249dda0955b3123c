/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "tpm_header.h"

#include <criterion/criterion.h>
#include <string.h>

static const uint8_t startup[] = { 0x80, 0x01, 0x00, 0x00, 0x00, 0x0c,
                                   0x00, 0x00, 0x01, 0x44, 0x00, 0x00 };

Test (tpm_header, reads_big_endian)
{
  struct vtpm_tpm_header header;

  cr_assert (vtpm_tpm_header_read (startup, sizeof (startup), &header));
  cr_assert_eq (header.tag, 0x8001);
  cr_assert_eq (header.size, 12);
  cr_assert_eq (header.code, 0x144);
}

Test (tpm_header, reads_large_values)
{
  static const uint8_t bytes[] = { 0xfe, 0xdc, 0xff, 0xff, 0xff, 0xfe, 0x87, 0x65, 0x43, 0x21 };
  struct vtpm_tpm_header header;

  cr_assert (vtpm_tpm_header_read (bytes, sizeof (bytes), &header));
  cr_assert_eq (header.tag, 0xfedc);
  cr_assert_eq (header.size, 0xfffffffe);
  cr_assert_eq (header.code, 0x87654321);
}

/* Each length has memory of exactly its size, so that a sanitizer sees a byte
   too many.  */
Test (tpm_header, refuses_what_is_shorter_than_a_header)
{
  for (size_t length = 0; length < VTPM_TPM_HEADER_SIZE; length++)
    {
      struct vtpm_tpm_header header;
      uint8_t locality;
      uint8_t *exact = malloc (length == 0 ? 1 : length);

      memcpy (exact, startup, length);
      cr_expect_not (vtpm_tpm_header_read (exact, length, &header), "%zu bytes", length);
      cr_expect_not (vtpm_tpm_is_set_locality (exact, length, &locality), "%zu bytes", length);
      free (exact);
    }
}

Test (tpm_header, writes_what_it_reads)
{
  static const struct vtpm_tpm_header written = { 0x00c4, 0x01020304, 0xa0b0c0d0 };
  static const uint8_t expected[] = { 0x00, 0xc4, 1, 2, 3, 4, 0xa0, 0xb0, 0xc0, 0xd0 };
  uint8_t bytes[VTPM_TPM_HEADER_SIZE];

  vtpm_tpm_header_write (&written, bytes);
  cr_assert_arr_eq (bytes, expected, sizeof (expected));
}

Test (tpm_header, recognises_set_locality_of_both_families)
{
  uint8_t command[] = { 0x80, 0x02, 0, 0, 0, 11, 0x20, 0x00, 0x10, 0x00, 3 };
  uint8_t locality = 0xff;

  cr_assert (vtpm_tpm_is_set_locality (command, sizeof (command), &locality));
  cr_assert_eq (locality, 3);
  command[0] = 0x00;
  command[1] = 0xc1;
  command[10] = 0xfe;
  cr_assert (vtpm_tpm_is_set_locality (command, sizeof (command), &locality));
  cr_assert_eq (locality, 0xfe);
}

Test (tpm_header, set_locality_has_one_size_only)
{
  uint8_t command[12] = { 0x80, 0x02, 0, 0, 0, 11, 0x20, 0x00, 0x10, 0x00, 3, 0 };
  uint8_t locality;

  cr_expect_not (vtpm_tpm_is_set_locality (command, 10, &locality), "the locality is missing");
  cr_expect_not (vtpm_tpm_is_set_locality (command, 12, &locality), "a byte follows");
  command[5] = 12;
  cr_expect_not (vtpm_tpm_is_set_locality (command, 11, &locality), "the header says 12 bytes");
  cr_expect_not (vtpm_tpm_is_set_locality (command, 12, &locality), "12 bytes are too many");
  command[5] = 11;
  command[9] = 1;
  cr_expect_not (vtpm_tpm_is_set_locality (command, 11, &locality), "another command");
}

struct expected_response
{
  enum vtpm_tpm_version version;
  enum vtpm_tpm_refusal refusal;
  uint8_t bytes[VTPM_TPM_HEADER_SIZE];
};

Test (tpm_header, refuses_in_the_terms_of_the_family)
{
  static const struct expected_response expected[] = {
    { VTPM_TPM_2_0, VTPM_TPM_REFUSE_SIZE, { 0x80, 1, 0, 0, 0, 10, 0, 0, 0x01, 0x42 } },
    { VTPM_TPM_2_0, VTPM_TPM_REFUSE_LOCALITY, { 0x80, 1, 0, 0, 0, 10, 0, 0, 0x09, 0x07 } },
    { VTPM_TPM_2_0, VTPM_TPM_REFUSE_FAILURE, { 0x80, 1, 0, 0, 0, 10, 0, 0, 0x01, 0x01 } },
    { VTPM_TPM_2_0, VTPM_TPM_REFUSE_NV, { 0x80, 1, 0, 0, 0, 10, 0, 0, 0x09, 0x23 } },
    { VTPM_TPM_1_2, VTPM_TPM_REFUSE_SIZE, { 0, 0xc4, 0, 0, 0, 10, 0, 0, 0, 0x19 } },
    { VTPM_TPM_1_2, VTPM_TPM_REFUSE_LOCALITY, { 0, 0xc4, 0, 0, 0, 10, 0, 0, 0, 0x3d } },
    { VTPM_TPM_1_2, VTPM_TPM_REFUSE_FAILURE, { 0, 0xc4, 0, 0, 0, 10, 0, 0, 0, 0x09 } },
    { VTPM_TPM_1_2, VTPM_TPM_REFUSE_NV, { 0, 0xc4, 0, 0, 0, 10, 0, 0, 0, 0x09 } },
  };

  for (size_t i = 0; i < sizeof (expected) / sizeof (expected[0]); i++)
    {
      uint8_t response[VTPM_TPM_HEADER_SIZE];

      vtpm_tpm_refusal_response (expected[i].version, expected[i].refusal, response);
      cr_expect_arr_eq (response, expected[i].bytes, sizeof (response), "row %zu", i);
    }
}

Test (tpm_header, succeeds_in_the_terms_of_the_family)
{
  static const uint8_t success_2_0[] = { 0x80, 1, 0, 0, 0, 10, 0, 0, 0, 0 };
  static const uint8_t success_1_2[] = { 0, 0xc4, 0, 0, 0, 10, 0, 0, 0, 0 };
  uint8_t response[VTPM_TPM_HEADER_SIZE];

  vtpm_tpm_success_response (VTPM_TPM_2_0, response);
  cr_assert_arr_eq (response, success_2_0, sizeof (response));
  vtpm_tpm_success_response (VTPM_TPM_1_2, response);
  cr_assert_arr_eq (response, success_1_2, sizeof (response));
}

static size_t
make_header (uint16_t tag, uint32_t code, uint8_t command[VTPM_TPM_HEADER_SIZE])
{
  const struct vtpm_tpm_header header = { .tag = tag, .size = 10, .code = code };

  vtpm_tpm_header_write (&header, command);
  return VTPM_TPM_HEADER_SIZE;
}

/* Whether it says so in the family it belongs to, and in the other.  */
static void
expect_unchanging (uint16_t tag, uint32_t code, bool by_2_0, bool by_1_2)
{
  uint8_t command[VTPM_TPM_HEADER_SIZE];
  size_t size = make_header (tag, code, command);

  cr_expect_eq (vtpm_tpm_changes_nothing (VTPM_TPM_2_0, command, size), by_2_0, "%x, %x", tag, code);
  cr_expect_eq (vtpm_tpm_changes_nothing (VTPM_TPM_1_2, command, size), by_1_2, "%x, %x", tag, code);
}

Test (tpm_header, knows_what_changes_nothing)
{
  uint8_t command[VTPM_TPM_HEADER_SIZE];

  expect_unchanging (0x8001, 0x17b /* TPM2_GetRandom */, true, false);
  expect_unchanging (0x8001, 0x17e /* TPM2_PCR_Read */, true, false);
  expect_unchanging (0x00c1, 0x15 /* TPM_PCRRead */, false, true);
  expect_unchanging (0x8002, 0x17b /* in a session, which has a nonce */, false, false);
  expect_unchanging (0x8002, 0x182 /* TPM2_PCR_Extend */, false, false);
  expect_unchanging (0x8001, 0x144 /* TPM2_Startup */, false, false);
  expect_unchanging (0x8001, 0x176 /* TPM2_StartAuthSession */, false, false);
  expect_unchanging (0x00c2, 0x15, false, false);
  expect_unchanging (0x00c1, 0x14 /* TPM_Extend */, false, false);
  expect_unchanging (0x8001, 0, false, false);
  expect_unchanging (0x00c1, 0, false, false);
  make_header (0x8001, 0x17b, command);
  cr_expect_not (vtpm_tpm_changes_nothing (VTPM_TPM_2_0, command, 9), "it is cut off");
}

Test (tpm_header, gives_keys_their_time)
{
  uint8_t command[VTPM_TPM_HEADER_SIZE];
  size_t size = make_header (0x8002, 0x131 /* TPM2_CreatePrimary */, command);

  cr_expect_eq (vtpm_tpm_allowance (VTPM_TPM_2_0, command, size), 300000);
  cr_expect_eq (vtpm_tpm_allowance (VTPM_TPM_1_2, command, size), 2000);
  make_header (0x00c2, 0x0d /* TPM_TakeOwnership */, command);
  cr_expect_eq (vtpm_tpm_allowance (VTPM_TPM_1_2, command, size), 300000);
  make_header (0x8001, 0x17b, command);
  cr_expect_eq (vtpm_tpm_allowance (VTPM_TPM_2_0, command, size), 2000);
  cr_expect_eq (vtpm_tpm_allowance (VTPM_TPM_2_0, command, 3), 2000, "it is cut off");
}
