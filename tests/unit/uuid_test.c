/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "uuid.h"

#include "expect_error.h"

#define TEXT "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0ff"

Test (uuid, is_random_and_says_so)
{
  uint8_t one[VTPM_UUID_SIZE], other[VTPM_UUID_SIZE];

  assert_success (vtpm_uuid_make (one, &error));
  assert_success (vtpm_uuid_make (other, &error));
  cr_expect_arr_neq (one, other, VTPM_UUID_SIZE);
  cr_expect_eq (one[6] >> 4, 4);
  cr_expect_eq (one[8] >> 6, 2);
}

Test (uuid, is_read_as_it_is_written)
{
  uint8_t uuid[VTPM_UUID_SIZE];
  char text[VTPM_UUID_TEXT_SIZE];

  assert_success (vtpm_uuid_parse (TEXT, uuid, &error));
  cr_expect_eq (uuid[0], 0x0f);
  cr_expect_eq (uuid[15], 0xff);
  cr_expect_str_eq (vtpm_uuid_format (uuid, text), TEXT);
}

Test (uuid, is_nothing_else)
{
  static const char *const texts[] = {
    "",
    "0f1e2d3c",
    "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f",
    "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0ff0",
    "0F1E2D3C-4B5A-4978-8695-A4B3C2D1E0FF",
    "0f1e2d3c4b5a49788695a4b3c2d1e0ff",
    " f1e2d3c-4b5a-4978-8695-a4b3c2d1e0ff",
    "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0fg",
    "0f1e2d3c-4b5a-4978-8695--4b3c2d1e0ff",
  };
  uint8_t uuid[VTPM_UUID_SIZE] = { 7 };

  for (size_t i = 0; i < sizeof (texts) / sizeof (texts[0]); i++)
    expect_error (vtpm_uuid_parse (texts[i], uuid, &error), EINVAL, "is not a uuid");
  cr_expect_eq (uuid[0], 7);
}
