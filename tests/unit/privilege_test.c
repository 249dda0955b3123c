/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "privilege.h"

#include <grp.h>
#include <linux/securebits.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "expect_error.h"

#define USER "nobody"

Test (privilege, finds_a_user)
{
  struct vtpm_user user = { 0 };

  assert_success (vtpm_user_find (USER, &user, &error));
  cr_expect_neq (user.uid, 0);
  cr_expect_neq (user.gid, 0);
}

Test (privilege, misses_an_unknown_user)
{
  static const char *const names[] = { "oci-vtpm-no-such-user", "", "65534", "nobody ", "a:b" };

  for (size_t i = 0; i < sizeof (names) / sizeof (names[0]); i++)
    {
      struct vtpm_user user = { 7, 8 };

      expect_error (vtpm_user_find (names[i], &user, &error), 0, "does not exist: run");
      cr_expect_eq (user.uid, 7);
      cr_expect_eq (user.gid, 8);
    }
}

Test (privilege, refuses_root)
{
  struct vtpm_user user = { 7, 8 };

  expect_error (vtpm_user_find ("root", &user, &error), 0, "must not be root or in its group");
  cr_expect_eq (user.uid, 7);
}

/* One line of /proc/self/status, without its label.  */
static bool
status_is (const char *label, const char *expected)
{
  _cleanup_fclose_ FILE *file = fopen ("/proc/self/status", "re");
  char line[512];

  while (file != NULL && fgets (line, sizeof (line), file) != NULL)
    if (strncmp (line, label, strlen (label)) == 0)
      {
        char *value = line + strlen (label);

        value += strspn (value, "\t ");
        value[strcspn (value, "\n")] = '\0';
        if (strcmp (value, expected) == 0)
          return true;
        fprintf (stderr, "%s \"%s\" is not \"%s\"\n", label, value, expected);
      }
  return false;
}

static bool
is_powerless (const struct vtpm_user *user)
{
  static const char none[] = "0000000000000000";
  char uids[64], gids[64];
  unsigned int uid = user->uid, gid = user->gid;

  snprintf (uids, sizeof (uids), "%u\t%u\t%u\t%u", uid, uid, uid, uid);
  snprintf (gids, sizeof (gids), "%u\t%u\t%u\t%u", gid, gid, gid, gid);
  return status_is ("Uid:", uids) && status_is ("Gid:", gids) && status_is ("Groups:", "")
         && status_is ("CapInh:", none) && status_is ("CapPrm:", none)
         && status_is ("CapEff:", none) && status_is ("CapBnd:", none)
         && status_is ("CapAmb:", none) && status_is ("NoNewPrivs:", "1") && setuid (0) < 0
         && setgroups (0, NULL) < 0;
}

static void
expect_powerless (unsigned long securebits)
{
  struct vtpm_user user;
  pid_t pid;
  int status;

  assert_success (vtpm_user_find (USER, &user, &error));
  cr_assert_eq (geteuid (), 0, "this test becomes another user: run it as root");
  pid = fork ();
  cr_assert_geq (pid, 0);
  if (pid == 0)
    {
      static const gid_t groups[] = { 0, 4, 27 };

      if (setgroups (3, groups) < 0 || prctl (PR_SET_SECUREBITS, securebits, 0, 0, 0) < 0)
        _exit (1);
      if (vtpm_user_become (&user, NULL) < 0)
        _exit (2);
      _exit (is_powerless (&user) ? 0 : 3);
    }
  cr_assert_eq (waitpid (pid, &status, 0), pid);
  cr_expect_eq (status, 0, "wait status 0x%x", status);
}

Test (privilege, leaves_nothing)
{
  expect_powerless (0);
}

/* With these a change of user keeps the permitted set.  */
Test (privilege, leaves_nothing_whatever_the_securebits)
{
  expect_powerless (SECBIT_KEEP_CAPS | SECBIT_NO_SETUID_FIXUP);
}

Test (privilege, cannot_be_changed_without_privilege)
{
  struct vtpm_user user;
  pid_t pid;
  int status;

  assert_success (vtpm_user_find (USER, &user, &error));
  cr_assert_eq (geteuid (), 0, "this test becomes another user: run it as root");
  pid = fork ();
  cr_assert_geq (pid, 0);
  if (pid == 0)
    {
      struct vtpm_error *error = NULL;
      const struct vtpm_user other = { user.uid - 1, user.gid - 1 };

      if (vtpm_user_become (&user, NULL) < 0)
        _exit (1);
      _exit (vtpm_user_become (&other, &error) == -1 && vtpm_error_errnum (error) == EPERM
                     && strstr (vtpm_error_message (error), "cannot become user") != NULL
                 ? 0
                 : 2);
    }
  cr_assert_eq (waitpid (pid, &status, 0), pid);
  cr_expect_eq (status, 0, "wait status 0x%x", status);
}
