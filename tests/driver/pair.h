/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_PAIR_H
#define OCI_VTPM_PAIR_H

/*
 * A device pair of the kernel's vTPM proxy for the tests of the module: the server's side
 * is in their hands, the client's is a process of its own.  What the tests take for
 * granted ends the process with a message when it is not so.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MESSAGE_MAX 4096

struct pair
{
  int server_fd;
  unsigned int number;
  unsigned int major;
  unsigned int minor;
  bool tpm2;
};

/* Ends the process.  */
void give_up (const char *format, ...) __attribute__ ((format (printf, 1, 2), noreturn));

/* The name of an errno value, or OK.  */
const char *name_of (int errnum);

/* Nothing has been answered yet.  */
struct pair pair_make (bool tpm2);
void pair_close (struct pair *pair);

/* Answers as a TPM would, until the device is there.  */
void pair_register (struct pair *pair);
struct pair pair_make_registered (bool tpm2);

/* Answers what a TPM is asked while it is registered, everything else with success and
   nothing.  False when there is no command, or no pair, any more.  */
bool pair_answer_one (const struct pair *pair);

/* Whether sysfs has the device.  */
bool pair_is_registered (const struct pair *pair);

/* The node in /dev of "tpm" or "tpmrm".  */
void pair_node (const struct pair *pair, const char *class, char *path, size_t size);

/* Reads a client's command, which must be there within ten seconds.  */
size_t pair_take (const struct pair *pair, uint8_t command[MESSAGE_MAX]);

/* Writes a response of LENGTH bytes, a header with CODE in front.  Returns 0 or errno.  */
int pair_reply (const struct pair *pair, uint32_t code, size_t length);

/* What poll(2) says, at once: "IN|OUT" and so on, or "-".  */
const char *pair_poll (const struct pair *pair);

/* Reads with the descriptor set to O_NONBLOCK; EWOULDBLOCK and "it blocks" are told apart:
   the latter is ETIMEDOUT.  Returns the length or minus errno.  */
ssize_t read_nonblocking (int fd, void *buffer, size_t size);

/* The ordinal in a command, the code in a response.  */
uint32_t message_code (const uint8_t *message);

/* A process that writes a command to a node and reads the response.  */
struct client
{
  pid_t pid;
  int result_fd;
};

struct client client_start (const struct pair *pair, const char *class, uint32_t ordinal);

/* How it ended: the errno value that write or read failed with, 0 after a response,
   ECHILD if it was killed, ETIMEDOUT if it has not ended within the time.  */
int client_end (struct client *client, int milliseconds);

/* TPM2_PCR_Extend is given 750 ms, a command of no known class two minutes.  */
#define SHORT_COMMAND 0x182
#define LONG_COMMAND 0x20000001

#endif
