/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "big_endian.h"

#include <criterion/criterion.h>

/* Odd addresses: what is read need not be aligned.  */

Test (big_endian, gets_the_first_byte_as_the_highest)
{
  const uint8_t bytes[] = { 0xff, 0x81, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x88 };

  cr_expect_eq (vtpm_get_be16 (bytes + 1), 0x8102);
  cr_expect_eq (vtpm_get_be32 (bytes + 1), 0x81020304);
  cr_expect_eq (vtpm_get_be64 (bytes + 1), UINT64_C (0x8102030405060788));
}

Test (big_endian, puts_one_number_behind_the_other)
{
  const uint8_t expected[] = { 0xaa, 0x81, 0x02, 0x93, 0x04, 0x05, 0x06, 0xa7, 0x08,
                               0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x8e, 0xaa };
  uint8_t bytes[16];
  uint8_t *end = bytes + 1;

  memset (bytes, 0xaa, sizeof (bytes));
  end = vtpm_put_be16 (end, 0x8102);
  end = vtpm_put_be32 (end, 0x93040506);
  end = vtpm_put_be64 (end, UINT64_C (0xa708090a0b0c0d8e));
  cr_expect_eq (end, bytes + 15);
  cr_expect_arr_eq (bytes, expected, sizeof (bytes));
}
