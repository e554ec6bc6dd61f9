"""One law after another, so that a process compiles the programs of few laws."""


def pytest_collection_modifyitems(items):
    places = [place for place, item in enumerate(items) if item.path.parent.name == "laws"]
    ordered = sorted((items[place] for place in places), key=lambda item: item.name.partition("[")[2])
    for place, item in zip(places, ordered, strict=True):
        items[place] = item
