/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "channel.h"

#include <fcntl.h>
#include <signal.h>

#include "expect_error.h"

static int ends[2];

static void
open_pair (void)
{
  signal (SIGPIPE, SIG_IGN);
  assert_success (vtpm_channel_pair (ends, &error));
}

TestSuite (channel, .init = open_pair);

static void
make_non_blocking (int fd)
{
  cr_assert_eq (fcntl (fd, F_SETFL, O_NONBLOCK), 0);
}

static enum vtpm_receive_result
receive (struct vtpm_message *message)
{
  _cleanup_error_ struct vtpm_error *error = NULL;
  enum vtpm_receive_result result = vtpm_channel_receive (ends[1], message, &error);

  cr_expect_eq (error != NULL, result == VTPM_RECEIVE_FAILED);
  return result;
}

Test (channel, has_close_on_exec_and_blocking_ends)
{
  for (int i = 0; i < 2; i++)
    {
      cr_expect_eq (fcntl (ends[i], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
      cr_expect_eq (fcntl (ends[i], F_GETFL) & O_NONBLOCK, 0);
    }
}

Test (channel, carries_messages_one_by_one)
{
  struct vtpm_message message;

  assert_success (vtpm_channel_send (ends[0], 7, "\0\1\2", 3, &error));
  assert_success (vtpm_channel_send_text (ends[0], UINT32_MAX, "text", &error));
  assert_success (vtpm_channel_send (ends[0], 0, NULL, 0, &error));

  cr_assert_eq (receive (&message), VTPM_RECEIVE_MESSAGE);
  cr_expect_eq (message.type, 7);
  cr_assert_eq (message.length, 3);
  cr_expect_arr_eq (message.payload, "\0\1\2", 4);
  cr_assert_eq (receive (&message), VTPM_RECEIVE_MESSAGE);
  cr_expect_eq (message.type, UINT32_MAX);
  cr_expect_eq (message.length, 4);
  cr_expect_str_eq ((const char *) message.payload, "text");
  cr_assert_eq (receive (&message), VTPM_RECEIVE_MESSAGE);
  cr_expect_eq (message.type, 0);
  cr_expect_eq (message.length, 0);
  cr_expect_eq (message.payload[0], '\0');
}

Test (channel, carries_the_largest_payload)
{
  static unsigned char payload[VTPM_MESSAGE_PAYLOAD_MAX];
  static struct vtpm_message message;

  memset (payload, 0xa5, sizeof (payload));
  assert_success (vtpm_channel_send (ends[0], 1, payload, sizeof (payload), &error));
  cr_assert_eq (receive (&message), VTPM_RECEIVE_MESSAGE);
  cr_assert_eq (message.length, sizeof (payload));
  cr_expect_arr_eq (message.payload, payload, sizeof (payload));
  cr_expect_eq (message.payload[message.length], '\0');
}

Test (channel, sends_no_longer_payload)
{
  static unsigned char payload[VTPM_MESSAGE_PAYLOAD_MAX + 1];
  struct vtpm_message message;

  expect_error (vtpm_channel_send (ends[0], 1, payload, sizeof (payload), &error), EMSGSIZE,
                "message of ");
  make_non_blocking (ends[1]);
  cr_expect_eq (receive (&message), VTPM_RECEIVE_WOULD_BLOCK, "nothing was sent");
}

Test (channel, refuses_records_of_a_wrong_size)
{
  static const size_t sizes[] = { 1, 3, sizeof (uint32_t) + VTPM_MESSAGE_PAYLOAD_MAX + 1,
                                  sizeof (uint32_t) + VTPM_MESSAGE_PAYLOAD_MAX + 2, 60000 };
  static unsigned char record[60000];

  for (size_t i = 0; i < sizeof (sizes) / sizeof (sizes[0]); i++)
    {
      struct vtpm_message message;

      cr_assert_eq (write (ends[0], record, sizes[i]), (ssize_t) sizes[i]);
      expect_error ((int) vtpm_channel_receive (ends[1], &message, &error), EPROTO, "a message of");
      /* What was too much of it is gone, and the next is whole.  */
      assert_success (vtpm_channel_send_text (ends[0], 5, "next", &error));
      cr_assert_eq (receive (&message), VTPM_RECEIVE_MESSAGE);
      cr_expect_str_eq ((const char *) message.payload, "next");
    }
}

/* SOCK_SEQPACKET cannot tell an empty record from the end.  */
Test (channel, takes_an_empty_record_for_the_end)
{
  struct vtpm_message message;

  cr_assert_eq (write (ends[0], "", 0), 0);
  make_non_blocking (ends[1]);
  cr_expect_neq (receive (&message), VTPM_RECEIVE_MESSAGE);
}

Test (channel, notices_the_end_after_the_last_message)
{
  struct vtpm_message message;

  assert_success (vtpm_channel_send_text (ends[0], 1, "last", &error));
  close (ends[0]);
  cr_expect_eq (receive (&message), VTPM_RECEIVE_MESSAGE);
  cr_expect_eq (receive (&message), VTPM_RECEIVE_CLOSED);
  cr_expect_eq (receive (&message), VTPM_RECEIVE_CLOSED);
}

/* The peer closes although something waits for it: the kernel then reports
   ECONNRESET.  */
Test (channel, takes_a_reset_for_the_end)
{
  struct vtpm_message message;

  assert_success (vtpm_channel_send_text (ends[1], 1, "unread", &error));
  close (ends[0]);
  cr_expect_eq (receive (&message), VTPM_RECEIVE_CLOSED);
}

Test (channel, cannot_send_to_a_closed_end)
{
  close (ends[1]);
  expect_error (vtpm_channel_send (ends[0], 1, NULL, 0, &error), EPIPE, "cannot send a message");
}

Test (channel, does_not_wait_when_told_so)
{
  static unsigned char payload[VTPM_MESSAGE_PAYLOAD_MAX];
  struct vtpm_message message;
  int sent = 0;

  make_non_blocking (ends[0]);
  make_non_blocking (ends[1]);
  cr_expect_eq (receive (&message), VTPM_RECEIVE_WOULD_BLOCK);
  while (vtpm_channel_send (ends[0], 1, payload, sizeof (payload), NULL) == 0)
    cr_assert_lt (sent++, 100000);
  expect_error (vtpm_channel_send (ends[0], 1, payload, sizeof (payload), &error), EAGAIN,
                "cannot send a message");
}

Test (channel, reports_a_descriptor_that_is_none)
{
  struct vtpm_message message;

  expect_error (vtpm_channel_send_text (-1, 1, "text", &error), EBADF, "cannot send");
  expect_error ((int) vtpm_channel_receive (-1, &message, &error), EBADF, "cannot receive");
}
