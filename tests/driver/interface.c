/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * interface kernel|ours [CHECK...]
 *
 * Checks the vTPM proxy that is loaded at its interface: the kernel's own, or ours.  Run it
 * as root, where no other TPM is in use.  One line a check, with what was seen.
 */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checks.h"
#include "pair.h"

#define PATIENCE_MS 60000

static const struct check_list *const lists[] = {
  &control_checks,
  &server_checks,
  &client_checks,
  &lifetime_checks,
};

static bool seen_something;

void
see (const char *format, ...)
{
  va_list arguments;

  if (seen_something)
    printf (", ");
  seen_something = true;
  va_start (arguments, format);
  vprintf (format, arguments);
  va_end (arguments);
  fflush (stdout);
}

static void
look_as_child (const struct check *check, int output)
{
  /* With its clients, to be ended together.  */
  setpgid (0, 0);
  dup2 (output, STDOUT_FILENO);
  check->look ();
  _exit (0);
}

/* What the check says until it ends.  */
static void
listen_to (pid_t pid, int input, char *seen, size_t size)
{
  size_t length = 0;
  ssize_t got = 1;
  struct pollfd source = { .fd = input, .events = POLLIN };

  while (length + 1 < size && got > 0 && poll (&source, 1, PATIENCE_MS) > 0)
    {
      got = read (input, seen + length, size - 1 - length);
      if (got > 0)
        length += (size_t) got;
    }
  seen[length] = '\0';
  if (got > 0 && length + 14 < size)
    strcat (seen, ", then it hangs");
  kill (-pid, SIGKILL);
  waitpid (pid, NULL, 0);
}

static void
look (const struct check *check, char *seen, size_t size)
{
  int ends[2];
  pid_t pid;

  if (pipe (ends) < 0)
    give_up ("no pipe");
  fflush (stdout);
  pid = fork ();
  if (pid < 0)
    give_up ("cannot fork");
  if (pid == 0)
    {
      close (ends[0]);
      look_as_child (check, ends[1]);
    }
  close (ends[1]);
  listen_to (pid, ends[0], seen, size);
  close (ends[0]);
}

/* Where the kernel's own module is, the host takes random numbers from the next TPM when one
   goes, and a check would see that command.  */
static void
wait_until_no_device_is_left (void)
{
  for (int i = 0; i < 10000; i++)
    {
      DIR *devices = opendir ("/sys/class/tpm");
      unsigned int count = 0;

      while (devices != NULL && readdir (devices) != NULL)
        count++;
      if (devices != NULL)
        closedir (devices);
      if (count <= 2)
        return;
      usleep (1000);
    }
}

static bool
run (const struct check *check, bool ours)
{
  const char *expected = ours && check->ours != NULL ? check->ours : check->kernel;
  char seen[512];
  bool ok;

  wait_until_no_device_is_left ();
  look (check, seen, sizeof (seen));
  ok = strcmp (seen, expected) == 0;
  printf ("%s - %s: %s", ok ? "ok" : "not ok", check->name, seen);
  if (!ok)
    printf (" (expected: %s)", expected);
  else if (ours && check->ours != NULL)
    printf (" (the kernel's: %s; %s)", check->kernel, check->reason);
  putchar ('\n');
  fflush (stdout);
  return ok;
}

static bool
is_chosen (const struct check *check, char **names)
{
  if (*names == NULL)
    return true;
  for (; *names != NULL; names++)
    if (strstr (check->name, *names) != NULL)
      return true;
  return false;
}

int
main (int argc, char **argv)
{
  unsigned int passed = 0, failed = 0;

  if (argc < 2 || (strcmp (argv[1], "kernel") != 0 && strcmp (argv[1], "ours") != 0))
    give_up ("usage: interface kernel|ours [CHECK...]\n");
  for (size_t i = 0; i < sizeof (lists) / sizeof (lists[0]); i++)
    for (size_t n = 0; n < lists[i]->count; n++)
      {
        const struct check *check = &lists[i]->checks[n];

        if (!is_chosen (check, argv + 2))
          continue;
        if (run (check, strcmp (argv[1], "ours") == 0))
          passed++;
        else
          failed++;
      }
  printf ("%u passed, %u failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}
