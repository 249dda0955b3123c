/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * stress: a test's client in a container, that uses its TPM and must not notice
 * what becomes of the processes behind it.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "stress.h"

static volatile sig_atomic_t stop;

static void
on_signal (int number)
{
  (void) number;
  stop = 1;
}

/* A command that is under way is waited for: the handler restarts what it
   interrupts.  */
static void
stop_at_signals (void)
{
  struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

  sigaction (SIGTERM, &action, NULL);
  sigaction (SIGINT, &action, NULL);
}

static int
run (struct client *client, struct vtpm_error **error)
{
  time_t start = time (NULL);
  int result;

  if (client->options->ledger != NULL
      && ledger_open (client->options->ledger, &client->ledger, error) < 0)
    return -1;
  result = stress_run (client, &stop, error);
  if (client->transport != NULL)
    {
      stress_report (client, stdout);
      printf ("seconds %ld\n", (long) (time (NULL) - start));
    }
  client_disconnect (client);
  ledger_free (client->ledger);
  return result;
}

int
main (int argc, char **argv)
{
  _cleanup_error_ struct vtpm_error *error = NULL;
  struct stress_options options;
  struct client client = { .options = &options };

  if (stress_options_parse (argc, argv, &options, &error) == 0
      && options.action == VTPM_PROGRAM_SHOW_HELP)
    {
      stress_options_print_help (stdout);
      fputs ("\nActivities:\n", stdout);
      stress_list_activities (stdout);
      return 0;
    }
  /* What the TSS has to say is said again by the errors here.  */
  setenv ("TSS2_LOG", "all+none", 0);
  setvbuf (stdout, NULL, _IOLBF, 0);
  stop_at_signals ();
  if (error != NULL || run (&client, &error) < 0)
    {
      fprintf (stderr, "stress: %s\n", vtpm_error_message (error));
      return 2;
    }
  return client.errors + client.mismatches == 0 ? 0 : 1;
}
