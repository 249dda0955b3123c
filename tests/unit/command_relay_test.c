/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "command_relay.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/socket.h>

#include "expect_error.h"

static struct vtpm_command_relay *relay;
static char answers[256];
static const char *next; /* to be submitted by whoever gets an answer */

static void
submit (const char *command)
{
  vtpm_command_relay_submit (relay, (const uint8_t *) command, strlen (command));
}

static void
answer (void *context, const uint8_t *response, size_t size)
{
  size_t length = strlen (answers);
  const char *command = next;

  cr_expect_eq (context, &relay);
  snprintf (answers + length, sizeof (answers) - length, "%.*s;", (int) size,
            (const char *) response);
  next = NULL;
  if (command != NULL)
    submit (command);
}

static void
open_relay (void)
{
  assert_success (vtpm_command_relay_open (answer, &relay, &relay, &error));
}

static void
close_relay (void)
{
  vtpm_command_relay_close (relay);
}

TestSuite (command_relay, .init = open_relay, .fini = close_relay);

/* The emulator's steps.  */

static void
expect_command (const char *expected)
{
  char command[64] = "";
  ssize_t got = recv (vtpm_command_relay_emulator_fd (relay), command, sizeof (command) - 1,
                      MSG_DONTWAIT);

  if (expected == NULL)
    cr_expect_eq (got, -1, "%s", command);
  else
    cr_expect_str_eq (command, expected);
}

static void
respond (const char *response)
{
  ssize_t written
      = write (vtpm_command_relay_emulator_fd (relay), response, strlen (response));

  cr_expect_eq (written, (ssize_t) strlen (response));
}

static void
expect_answers (const char *expected)
{
  vtpm_command_relay_take (relay);
  cr_expect_str_eq (answers, expected);
}

Test (command_relay, passes_on)
{
  vtpm_command_relay_go_on (relay, false);
  cr_expect_not (vtpm_command_relay_is_waiting (relay));
  submit ("one");
  cr_expect (vtpm_command_relay_is_waiting (relay));
  expect_command ("one");
  expect_command (NULL);
  respond ("first");
  expect_answers ("first;");
  cr_expect_not (vtpm_command_relay_is_waiting (relay));
}

Test (command_relay, takes_the_next_from_whoever_gets_an_answer)
{
  vtpm_command_relay_go_on (relay, false);
  submit ("one");
  next = "two";
  expect_command ("one");
  respond ("first");
  expect_answers ("first;");
  expect_command ("two");
}

Test (command_relay, waits_for_an_emulator)
{
  submit ("one");
  expect_command (NULL);
  vtpm_command_relay_go_on (relay, false);
  expect_command ("one");
}

Test (command_relay, ignores_what_nobody_asked_for)
{
  vtpm_command_relay_go_on (relay, false);
  respond ("early");
  expect_answers ("");
  submit ("one");
  expect_command ("one");
  respond ("first");
  respond ("again");
  expect_answers ("first;");
}

Test (command_relay, cuts_no_response)
{
  static const char large[5000];

  vtpm_command_relay_go_on (relay, false);
  submit ("one");
  cr_expect_eq (write (vtpm_command_relay_emulator_fd (relay), large, sizeof (large)),
                (ssize_t) sizeof (large));
  expect_answers (";");
}

/* An emulator that was broken into and never stops sending.  */
Test (command_relay, takes_one_response_at_a_time)
{
  int emulator = vtpm_command_relay_emulator_fd (relay);
  unsigned int sent = 0, taken = 0;

  vtpm_command_relay_go_on (relay, false);
  submit ("one");
  expect_command ("one");
  while (send (emulator, "first", 5, MSG_DONTWAIT) > 0)
    sent++;
  cr_assert_gt (sent, 2);
  cr_expect (vtpm_command_relay_take (relay));
  cr_expect_gt (send (emulator, "more", 4, MSG_DONTWAIT), 0);
  while (vtpm_command_relay_take (relay))
    taken++;
  cr_expect_eq (taken, sent, "what nobody asked for is taken, too, and dropped");
  cr_expect_str_eq (answers, "first;");
}

/* Each point at which an emulator can die.  */

Test (command_relay, has_nothing_to_settle)
{
  vtpm_command_relay_go_on (relay, false);
  cr_expect (vtpm_command_relay_settle (relay));
  cr_expect_not (vtpm_command_relay_is_waiting (relay));
}

Test (command_relay, takes_back_what_was_not_read)
{
  vtpm_command_relay_go_on (relay, false);
  submit ("one");
  cr_expect (vtpm_command_relay_settle (relay));
  expect_command (NULL);
  vtpm_command_relay_go_on (relay, false);
  expect_command ("one");
  respond ("first");
  expect_answers ("first;");
}

Test (command_relay, leaves_to_the_next_what_was_read)
{
  vtpm_command_relay_go_on (relay, false);
  submit ("one");
  expect_command ("one");
  cr_expect_not (vtpm_command_relay_settle (relay));
  vtpm_command_relay_go_on (relay, false);
  expect_command (NULL);
  respond ("first");
  expect_answers ("first;");
}

Test (command_relay, takes_the_last_answer_of_the_dead)
{
  vtpm_command_relay_go_on (relay, false);
  submit ("one");
  expect_command ("one");
  respond ("first");
  cr_expect (vtpm_command_relay_settle (relay));
  cr_expect_str_eq (answers, "first;");
  cr_expect_not (vtpm_command_relay_is_waiting (relay));
}

/* The dead emulator has answered, and the client was faster than its funeral.  */
Test (command_relay, keeps_the_next_command_for_the_next_emulator)
{
  vtpm_command_relay_go_on (relay, false);
  submit ("one");
  expect_command ("one");
  next = "two";
  respond ("first");
  cr_expect (vtpm_command_relay_settle (relay));
  cr_expect_str_eq (answers, "first;");
  expect_command (NULL);
  vtpm_command_relay_go_on (relay, false);
  expect_command ("two");
}

Test (command_relay, takes_back_the_second_when_the_first_is_answered)
{
  vtpm_command_relay_go_on (relay, false);
  submit ("one");
  expect_command ("one");
  next = "two";
  respond ("first");
  expect_answers ("first;");
  cr_expect (vtpm_command_relay_settle (relay), "the emulator has not read the second");
  vtpm_command_relay_go_on (relay, false);
  expect_command ("two");
}

Test (command_relay, lets_failure_mode_answer)
{
  vtpm_command_relay_go_on (relay, false);
  submit ("one");
  cr_expect (vtpm_command_relay_settle (relay));
  cr_expect (vtpm_command_relay_is_waiting (relay));
  vtpm_command_relay_go_on (relay, true);
  expect_command (NULL);
  respond ("failure");
  expect_answers ("failure;");
  submit ("two");
  expect_command ("two");
}

Test (command_relay, closes_none)
{
  vtpm_command_relay_close (NULL);
}
