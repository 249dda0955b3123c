/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "client_device.h"

#include <poll.h>
#include <string.h>

#include "tpm_header.h"

/* Linux keeps an unread response for so long.  */
#define UNREAD_MILLISECONDS 120000

/* Linux reads as many bytes of a command before it looks for their number.  */
#define SIZE_FIELD_END 6

/* How often Linux asks again: with a pause of 20 ms that doubles up to 2 s.  Our
   TPM is never busy in the background, so that a pause would change nothing.  */
#define RETRIES_MAX 8

#define RC_RETRY 0x922
#define RC_TESTING 0x90a
#define CC_SELF_TEST 0x143

struct vtpm_client_file
{
  struct vtpm_client_device *device;

  uint8_t command[VTPM_TPM_MESSAGE_MAX];
  size_t command_size;
  bool waits_for_tpm;                /* the command is not answered yet */
  struct vtpm_client_waiter *waiter; /* NULL if nobody waits for its end */
  size_t written;                    /* what the end of write(2) is to say */

  uint8_t response[VTPM_TPM_MESSAGE_MAX];
  size_t response_size;
  size_t read; /* of it */
  bool was_read;
  int failure; /* negative errno of a command without response */
  int64_t answered_at;
};

struct vtpm_client_device
{
  enum vtpm_tpm_version version;
  const struct vtpm_client_device_ops *ops;
  void *context;
  struct vtpm_client_file *file; /* the open one */

  bool busy;                      /* the TPM has a command */
  struct vtpm_client_file *owner; /* whose; NULL: of a file that is closed */
  uint32_t code;                  /* of that command */
  unsigned int retries;
};

struct vtpm_client_device *
vtpm_client_device_new (enum vtpm_tpm_version version, const struct vtpm_client_device_ops *ops,
                        void *context)
{
  struct vtpm_client_device *device = calloc (1, sizeof (*device));

  if (device != NULL)
    *device = (struct vtpm_client_device) { .version = version, .ops = ops, .context = context };
  return device;
}

static void
end_write (struct vtpm_client_file *file, ssize_t result)
{
  struct vtpm_client_waiter *waiter = vtpm_steal_pointer (&file->waiter);

  if (waiter != NULL)
    file->device->ops->end_write (file->device->context, waiter, result);
}

void
vtpm_client_device_free (struct vtpm_client_device *device)
{
  if (device == NULL)
    return;
  if (device->file != NULL)
    {
      end_write (device->file, -EPIPE);
      free (device->file);
    }
  free (device);
}

int
vtpm_client_file_open (struct vtpm_client_device *device, struct vtpm_client_file **file)
{
  if (device->file != NULL)
    return -EBUSY;
  device->file = calloc (1, sizeof (*device->file));
  if (device->file == NULL)
    return -ENOMEM;
  device->file->device = device;
  *file = device->file;
  return 0;
}

void
vtpm_client_file_release (struct vtpm_client_file *file)
{
  struct vtpm_client_device *device = file->device;

  end_write (file, -EPIPE);
  if (device->owner == file)
    device->owner = NULL;
  device->file = NULL;
  explicit_bzero (file, sizeof (*file));
  free (file);
}

static void
drop_response (struct vtpm_client_file *file)
{
  explicit_bzero (file->response, file->response_size);
  file->response_size = 0;
  file->read = 0;
}

static void
drop_stale_response (struct vtpm_client_file *file)
{
  struct vtpm_client_device *device = file->device;

  if (file->response_size > 0
      && device->ops->now (device->context) - file->answered_at >= UNREAD_MILLISECONDS)
    drop_response (file);
}

static void
submit (struct vtpm_client_device *device)
{
  struct vtpm_client_file *file = device->owner;

  device->ops->submit (device->context, file->command, file->command_size);
}

/* Gives the TPM the open file's command, if there is one and the TPM is idle.  */
static void
start_next (struct vtpm_client_device *device)
{
  struct vtpm_client_file *file = device->file;
  struct vtpm_tpm_header header = { 0 };

  if (device->busy || file == NULL || !file->waits_for_tpm)
    return;
  vtpm_tpm_header_read (file->command, file->command_size, &header);
  device->busy = true;
  device->owner = file;
  device->code = header.code;
  device->retries = 0;
  submit (device);
}

/* What Linux checks before the TPM gets a command, in its order.  */
static int
check_command (const struct vtpm_client_file *file, const uint8_t *data, size_t size,
               size_t *command_size)
{
  struct vtpm_tpm_header header;
  uint8_t whole[VTPM_TPM_HEADER_SIZE + 1] = { 0 };
  uint8_t locality;

  if (size > VTPM_TPM_MESSAGE_MAX)
    return -E2BIG;
  if (file->waits_for_tpm || (file->response_size > 0 && !file->was_read))
    return -EBUSY;
  if (size < SIZE_FIELD_END)
    return -EINVAL;
  memcpy (whole, data, size < sizeof (whole) ? size : sizeof (whole));
  vtpm_tpm_header_read (whole, sizeof (whole), &header);
  if (size < header.size)
    return -EINVAL;
  if (header.size == 0)
    return -ENODATA;
  if (vtpm_tpm_is_set_locality (data, header.size, &locality))
    return -EFAULT;
  *command_size = header.size;
  return 0;
}

ssize_t
vtpm_client_file_write (struct vtpm_client_file *file, const void *data, size_t size,
                        bool nonblocking, struct vtpm_client_waiter *waiter)
{
  size_t command_size = 0;
  int result;

  drop_stale_response (file);
  result = check_command (file, data, size, &command_size);
  if (result < 0)
    return result;
  drop_response (file);
  file->failure = 0;
  memcpy (file->command, data, command_size);
  file->command_size = command_size;
  file->was_read = false;
  file->waits_for_tpm = true;
  file->waiter = nonblocking ? NULL : waiter;
  file->written = size;
  start_next (file->device);
  return nonblocking ? (ssize_t) size : VTPM_CLIENT_WRITE_WAITS;
}

ssize_t
vtpm_client_file_read (struct vtpm_client_file *file, size_t size, const uint8_t **data)
{
  size_t left;

  if (file->waiter != NULL)
    return -EBUSY;
  drop_stale_response (file);
  if (file->failure != 0)
    {
      int failure = file->failure;

      file->failure = 0;
      return failure;
    }
  left = file->response_size - file->read;
  file->was_read = file->was_read || left > 0;
  if (size > left)
    size = left;
  *data = file->response + file->read;
  file->read += size;
  /* Linux takes a read of nothing for the end of it.  */
  if (size == 0 || file->read == file->response_size)
    file->response_size = file->read = 0;
  return (ssize_t) size;
}

unsigned int
vtpm_client_file_poll (const struct vtpm_client_file *file)
{
  return file->response_size > 0 || file->failure != 0 ? POLLIN | POLLRDNORM
                                                       : POLLOUT | POLLWRNORM;
}

static bool
is_to_be_asked_again (const struct vtpm_client_device *device, const uint8_t *response,
                      size_t size)
{
  struct vtpm_tpm_header header;

  if (device->version != VTPM_TPM_2_0 || device->owner == NULL
      || !vtpm_tpm_header_read (response, size, &header))
    return false;
  return header.code == RC_RETRY
         || (header.code == RC_TESTING && device->code != CC_SELF_TEST);
}

/* Linux checks a response no further either.  */
static bool
is_response (const uint8_t *response, size_t size)
{
  struct vtpm_tpm_header header;

  return size <= VTPM_TPM_MESSAGE_MAX && vtpm_tpm_header_read (response, size, &header)
         && header.size == size;
}

static void
deliver (struct vtpm_client_file *file, const uint8_t *response, size_t size)
{
  struct vtpm_client_device *device = file->device;
  bool good = is_response (response, size);

  file->waits_for_tpm = false;
  explicit_bzero (file->command, file->command_size);
  if (good)
    {
      memcpy (file->response, response, size);
      file->response_size = size;
      file->read = 0;
      file->answered_at = device->ops->now (device->context);
    }
  else if (file->waiter == NULL)
    file->failure = -EFAULT;
  end_write (file, good ? (ssize_t) file->written : -EFAULT);
  device->ops->wake (device->context);
}

void
vtpm_client_device_answer (struct vtpm_client_device *device, const uint8_t *response, size_t size)
{
  struct vtpm_client_file *owner = device->owner;

  if (!device->busy)
    return;
  if (is_to_be_asked_again (device, response, size) && device->retries++ < RETRIES_MAX)
    {
      submit (device);
      return;
    }
  device->busy = false;
  device->owner = NULL;
  if (owner != NULL)
    deliver (owner, response, size);
  start_next (device);
}
