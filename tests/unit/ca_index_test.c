/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "ca_index.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "expect_error.h"
#include "temp_dir.h"

#define NOW ((time_t) 1790000000) /* 260921141320Z */
#define WHAT "/ca/index.txt"
#define UUID "11f0c7d2-0000-4000-8000-000000000001"

static int dir_fd;

static void
set_up (void)
{
  make_temp_dir ();
  dir_fd = open (temp_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  cr_assert_geq (dir_fd, 0);
}

TestSuite (ca_index, .init = set_up, .fini = remove_temp_dir, .timeout = 60);

static X509 *
make (long serial, const char *name, const char *end)
{
  X509 *made = X509_new ();

  ASN1_INTEGER_set (X509_get_serialNumber (made), serial);
  cr_assert_eq (ASN1_TIME_set_string (X509_getm_notAfter (made), end), 1);
  if (name != NULL)
    X509_NAME_add_entry_by_txt (X509_get_subject_name (made), "CN", MBSTRING_UTF8,
                                (const unsigned char *) name, -1, -1, 0);
  return made;
}

static void
append (long serial, const char *name, const char *uuid)
{
  X509 *certificate = make (serial, name, "301231235959Z");

  assert_success (vtpm_ca_index_append (dir_fd, WHAT, certificate, uuid, &error));
  X509_free (certificate);
}

static const char *
text (void)
{
  static char found[4096];
  FILE *file = fopen (temp_path (VTPM_CA_INDEX), "re");
  size_t size;

  cr_assert_not_null (file);
  size = fread (found, 1, sizeof (found) - 1, file);
  found[size] = '\0';
  fclose (file);
  return found;
}

static void
write_text (const char *wanted)
{
  FILE *file = fopen (temp_path (VTPM_CA_INDEX), "we");

  cr_assert_not_null (file);
  fputs (wanted, file);
  fclose (file);
}

static void
create (void)
{
  assert_success (vtpm_ca_index_create (dir_fd, WHAT, &error));
}

Test (ca_index, is_as_openssl_has_it)
{
  X509 *endless = make (0x1ff, NULL, "99991231235959Z");

  create ();
  append (0x4a, "web", UUID);
  assert_success (vtpm_ca_index_append (dir_fd, WHAT, endless, NULL, &error));
  X509_free (endless);
  cr_assert_str_eq (text (), "V\t301231235959Z\t\t4A\t" UUID "\t/CN=web\n"
                             "V\t99991231235959Z\t\t01FF\tunknown\t/\n");
}

Test (ca_index, is_read_as_written)
{
  _cleanup_ca_index_ struct vtpm_ca_index index = { 0 };

  create ();
  append (1, "web", UUID);
  append (2, NULL, NULL);
  assert_success (vtpm_ca_index_read (dir_fd, WHAT, &index, &error));
  cr_assert_eq (index.count, 2);
  cr_assert_str_eq (index.entries[0].serial, "01");
  cr_assert_str_eq (index.entries[0].uuid, UUID);
  cr_assert_str_eq (index.entries[0].subject, "/CN=web");
  cr_assert_not (index.entries[0].revoked);
  cr_assert_str_eq (index.entries[1].uuid, "");
}

Test (ca_index, revokes_by_serial_and_by_uuid)
{
  size_t count = 0;

  create ();
  append (0xab, "a", UUID);
  append (0xac, "b", UUID);
  append (0xad, "c", NULL);
  assert_success (vtpm_ca_index_revoke (dir_fd, WHAT, "ad", NOW, &count, &error));
  cr_assert_eq (count, 1);
  assert_success (vtpm_ca_index_revoke (dir_fd, WHAT, UUID, NOW, &count, &error));
  cr_assert_eq (count, 2);
  assert_success (vtpm_ca_index_revoke (dir_fd, WHAT, "AD", NOW, &count, &error));
  cr_assert_eq (count, 0);
  append (0xae, "d", NULL);
  cr_assert_str_eq (text (), "R\t301231235959Z\t260921141320Z\tAB\t" UUID "\t/CN=a\n"
                             "R\t301231235959Z\t260921141320Z\tAC\t" UUID "\t/CN=b\n"
                             "R\t301231235959Z\t260921141320Z\tAD\tunknown\t/CN=c\n"
                             "V\t301231235959Z\t\tAE\tunknown\t/CN=d\n");
}

Test (ca_index, revokes_nothing_else)
{
  static const char *const names[] = { "", "AC", "unknown", "/CN=a", "A" };
  size_t count;

  create ();
  append (0xab, "a", NULL);
  for (size_t i = 0; i < sizeof (names) / sizeof (names[0]); i++)
    expect_error (vtpm_ca_index_revoke (dir_fd, WHAT, names[i], NOW, &count, &error), ENOENT,
                  "has no certificate with the serial number or uuid");
  cr_assert_str_eq (text (), "V\t301231235959Z\t\tAB\tunknown\t/CN=a\n");
}

/* A certificate whose line is not whole has never left.  */
Test (ca_index, cuts_what_a_crash_has_left)
{
  write_text ("V\t301231235959Z\t\t01\tunknown\t/CN=a\nV\t3012312");
  append (2, "b", NULL);
  cr_assert_str_eq (text (), "V\t301231235959Z\t\t01\tunknown\t/CN=a\n"
                             "V\t301231235959Z\t\t02\tunknown\t/CN=b\n");
  write_text ("V\t3012312");
  append (2, "b", NULL);
  cr_assert_str_eq (text (), "V\t301231235959Z\t\t02\tunknown\t/CN=b\n");
}

Test (ca_index, is_never_begun_again)
{
  _cleanup_ca_index_ struct vtpm_ca_index index = { 0 };
  X509 *certificate = make (1, "a", "301231235959Z");

  expect_error (vtpm_ca_index_append (dir_fd, WHAT, certificate, NULL, &error), ENOENT,
                WHAT " is missing: what this authority has issued is not known; restore it");
  expect_error (vtpm_ca_index_read (dir_fd, WHAT, &index, &error), ENOENT, "is missing");
  create ();
  append (1, "a", NULL);
  expect_error (vtpm_ca_index_create (dir_fd, WHAT, &error), EEXIST, WHAT);
  X509_free (certificate);
}

Test (ca_index, says_which_line_is_damaged)
{
  static const char *const lines[] = {
    "\n", "V\n", "X\t301231235959Z\t\t02\tunknown\t/\n", "V\t3012\t\t02\tunknown\t/\n",
    "V\t301231235959Z\t260921141320Z\t02\tunknown\t/\n", "R\t301231235959Z\t\t02\tunknown\t/\n",
    "V\t301231235959Z\t\t\tunknown\t/\n", "V\t301231235959Z\t\t0x2\tunknown\t/\n",
    "V\t301231235959Z\t\t0102030405060708090A0B0C0D0E0F1011\tunknown\t/\n",
  };

  for (size_t i = 0; i < sizeof (lines) / sizeof (lines[0]); i++)
    {
      _cleanup_ca_index_ struct vtpm_ca_index index = { 0 };
      char both[256];

      snprintf (both, sizeof (both), "V\t301231235959Z\t\t01\tunknown\t/CN=a\n%s", lines[i]);
      write_text (both);
      expect_error (vtpm_ca_index_read (dir_fd, WHAT, &index, &error), EBADMSG,
                    WHAT ": line 2 is damaged");
      cr_assert_eq (index.count, 0);
    }
}

Test (ca_index, is_whole_when_the_disk_is_full)
{
  const struct rlimit limit = { 40, 40 };
  X509 *certificate = make (2, "b", "301231235959Z");

  create ();
  append (1, "a", NULL);
  signal (SIGXFSZ, SIG_IGN);
  cr_assert_eq (setrlimit (RLIMIT_FSIZE, &limit), 0);
  expect_error (vtpm_ca_index_append (dir_fd, WHAT, certificate, NULL, &error), ENOSPC,
                "cannot write " WHAT);
  cr_assert_str_eq (text (), "V\t301231235959Z\t\t01\tunknown\t/CN=a\n");
  X509_free (certificate);
}
