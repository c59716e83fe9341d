"""Put dead letters back: exactly once, however often the command is given or killed."""

from collections.abc import Callable, Iterator, Sequence

from router.api import ConnectorError, Reason
from router.delivery.dead_letter import replay, resolution
from router.dlq.letters import Filter, Letter, fold
from router.kafka.log import read_topic
from router.kafka.transaction import Transactions

BATCH = 200


def open_letters(bootstrap_servers: str, topic: str, wanted: Filter) -> list[Letter]:
    """The letters of a dead-letter topic that have not been put back and that the filter means, oldest first."""
    return [letter for letter in fold(read_topic(bootstrap_servers, topic)) if wanted.matches(letter)]


def put_back(
    bootstrap_servers: str,
    dead_letter_topic: str,
    replay_topic: str,
    wanted: Filter,
    progress: Callable[[int, int], None],
) -> int:
    """Put the letters back and return how many.

    Each batch is one transaction that writes the records to the replay topic and, into the dead-letter topic, the
    markers that resolve them. Opening the transactions fences a replay that is still under way, and only then are the
    letters read: so no letter is ever put back twice. progress is told (done, of how many).

    Raises ConnectorError: PAYLOAD_TOO_LARGE, with nothing put back, if one of the letters has no value.
    """
    transactions = Transactions(bootstrap_servers, f"{dead_letter_topic}.replay")
    letters = open_letters(bootstrap_servers, dead_letter_topic, wanted)
    _check_values(letters)
    progress(0, len(letters))
    done = 0
    for batch in _batches(letters):
        messages = []
        for letter in batch:
            messages.append(replay(replay_topic, letter.record))
            messages += [resolution(dead_letter_topic, record) for record in (letter.record, *letter.copies)]
        transactions.publish(messages)
        done += len(batch)
        progress(done, len(letters))
    return done


def _check_values(letters: Sequence[Letter]) -> None:
    for letter in letters:
        if letter.missing_bytes is not None:
            where = f"{letter.topic}, partition {letter.partition}, offset {letter.offset}"
            message = f"The dead letter {letter.id} has no value: its {letter.missing_bytes} bytes were too many."
            fix = f"Take the record from where it stands ({where}), and put the others back by --reason, --key or --id."
            raise ConnectorError(Reason.PAYLOAD_TOO_LARGE, message, fix=fix)


def _batches(letters: Sequence[Letter]) -> Iterator[Sequence[Letter]]:
    for start in range(0, len(letters), BATCH):
        yield letters[start : start + BATCH]
