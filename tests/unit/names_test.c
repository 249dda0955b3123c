/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "names.h"

#include "expect_error.h"

Test (names, allows_container_ids)
{
  static const char *const ids[] = { "a", "0", "-", "_x", "+", "A.b-c_d+e", "a..b" };
  char longest[255];

  for (size_t i = 0; i < sizeof (ids) / sizeof (ids[0]); i++)
    assert_success (vtpm_name_check_container_id (ids[i], &error));
  memset (longest, 'x', sizeof (longest) - 1);
  longest[sizeof (longest) - 1] = '\0';
  assert_success (vtpm_name_check_container_id (longest, &error));
}

Test (names, refuses_other_container_ids)
{
  static const char *const ids[] = { "",   ".",   "..",  ".hidden",  "a/b", "/",    "a b", "a\n",
                                     "~a", "a:b", "a@b", "\xc3\xa4", "a%s", "a\\b", "*" };
  char too_long[256];

  for (size_t i = 0; i < sizeof (ids) / sizeof (ids[0]); i++)
    expect_error (vtpm_name_check_container_id (ids[i], &error), EINVAL, "is not 1 to 254 of");
  memset (too_long, 'x', sizeof (too_long) - 1);
  too_long[sizeof (too_long) - 1] = '\0';
  expect_error (vtpm_name_check_container_id (too_long, &error), EINVAL, "x...\" is not 1 to 254");
}

Test (names, quotes_a_hostile_container_id)
{
  expect_error (vtpm_name_check_container_id ("\x1b[31m/\n", &error), EINVAL,
                "container id \"?[31m/?\" is not");
}

Test (names, allows_device_names)
{
  static const struct
  {
    const char *name;
    unsigned int number;
  } devices[] = {
    { "tpm0", 0 }, { "tpm1", 1 }, { "tpm10", 10 }, { "tpm9999", 9999 }, { "tpm65535", 65535 }
  };

  for (size_t i = 0; i < sizeof (devices) / sizeof (devices[0]); i++)
    {
      assert_success (vtpm_name_check_device (devices[i].name, &error));
      cr_expect_eq (vtpm_name_device_number (devices[i].name), devices[i].number);
    }
}

Test (names, refuses_other_device_names)
{
  static const char *const names[] = { "",
                                       "tpm",
                                       "tpm-1",
                                       "tpm+1",
                                       "tpm 1",
                                       "tpm00",
                                       "tpm01",
                                       "tpm65536",
                                       "tpm99999",
                                       "tpm100000",
                                       "tpm18446744073709551616",
                                       "tpmrm0",
                                       "TPM0",
                                       "tpm0 ",
                                       "tpm0/..",
                                       "../tpm0",
                                       "/dev/tpm0",
                                       "null",
                                       "tpm0\n",
                                       "tpm0x",
                                       "tp",
                                       "tpm\xd9\xa0" };

  for (size_t i = 0; i < sizeof (names) / sizeof (names[0]); i++)
    expect_error (vtpm_name_check_device (names[i], &error), EINVAL, "is not tpm0 to tpm65535");
}

Test (names, quotes_for_messages)
{
  static const struct
  {
    const char *text;
    size_t size;
    const char *quoted;
  } cases[] = {
    { "", 4, "" },
    { "abc", 4, "abc" },
    { "abcd", 4, "..." },
    { "abcdefgh", 8, "abcd..." },
    { "abcdefg", 8, "abcdefg" },
    { "a\nb\x7f\x01\x80z", 16, "a?b???z" },
    { "%s", 16, "%s" },
  };

  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      char buffer[16];

      memset (buffer, '#', sizeof (buffer));
      cr_expect_eq (vtpm_name_quote (cases[i].text, buffer, cases[i].size), buffer);
      cr_expect_str_eq (buffer, cases[i].quoted);
      if (cases[i].size < sizeof (buffer))
        cr_expect_eq (buffer[cases[i].size], '#', "case %zu wrote too far", i);
    }
}
