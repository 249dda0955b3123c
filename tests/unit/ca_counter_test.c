/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "ca_counter.h"

#include <sys/stat.h>

#include "expect_error.h"
#include "temp_dir.h"

static int dir_fd;

static void
set_up (void)
{
  make_temp_dir ();
  dir_fd = open (temp_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  cr_assert_geq (dir_fd, 0);
}

TestSuite (ca_counter, .init = set_up, .fini = remove_temp_dir, .timeout = 60);

static uint64_t
take (void)
{
  uint64_t number = 0;

  assert_success (vtpm_ca_counter_take (dir_fd, "serial", "/ca/serial", &number, &error));
  return number;
}

static void
write_counter (const char *text)
{
  FILE *file = fopen (temp_path ("serial"), "we");

  cr_assert_not_null (file);
  fputs (text, file);
  fclose (file);
}

static void
expect_no_number (int errnum, const char *message)
{
  uint64_t number = 7;

  expect_error (vtpm_ca_counter_take (dir_fd, "serial", "/ca/serial", &number, &error), errnum,
                message);
  cr_expect_eq (number, 7);
}

Test (ca_counter, counts)
{
  assert_success (vtpm_ca_counter_create (dir_fd, "serial", "/ca/serial", 1, &error));
  for (uint64_t expected = 1; expected <= 20; expected++)
    cr_assert_eq (take (), expected);
}

Test (ca_counter, is_made_once)
{
  assert_success (vtpm_ca_counter_create (dir_fd, "serial", "/ca/serial", 1, &error));
  cr_assert_eq (take (), 1);
  expect_error (vtpm_ca_counter_create (dir_fd, "serial", "/ca/serial", 1, &error), EEXIST,
                "/ca/serial");
  cr_assert_eq (take (), 2);
}

Test (ca_counter, never_begins_again)
{
  static const char *const texts[]
      = { "", "\n", "0\n", "x\n", "5", "5 \n", " 5\n", "+5\n", "05\n", "5\n6\n", "-1\n",
          "72057594037927936\n", "18446744073709551616\n" };

  expect_no_number (ENOENT, "/ca/serial is missing; write a number to it that is larger");
  for (size_t i = 0; i < sizeof (texts) / sizeof (texts[0]); i++)
    {
      write_counter (texts[i]);
      expect_no_number (EBADMSG, "/ca/serial is damaged: not one number");
    }
  write_counter ("123456789012345678901234567890\n");
  expect_no_number (EFBIG, "/ca/serial");
}

Test (ca_counter, follows_no_link)
{
  write_counter ("5\n");
  cr_assert_eq (rename (temp_path ("serial"), temp_path ("elsewhere")), 0);
  cr_assert_eq (symlink ("elsewhere", temp_path ("serial")), 0);
  expect_no_number (ELOOP, "cannot open /ca/serial");
}

/* A crash after the new file was made, before it took the old one's place.  */
Test (ca_counter, outlives_a_crash)
{
  assert_success (vtpm_ca_counter_create (dir_fd, "serial", "/ca/serial", 8, &error));
  assert_success (vtpm_ca_counter_create (dir_fd, "serial.new", "/ca/serial", 9, &error));
  cr_assert_eq (take (), 8);
  cr_assert_eq (take (), 9);
}
