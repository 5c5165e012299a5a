"""The words of which product names are made, by category."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """Three short lists; a name is one word or phrase of each, in this order.

    Attributes:
        category: The category's name.
        is_book: Whether its products carry an ISBN.
        first: Qualities and materials.
        middle: What it is for, where it stands.
        last: What it is.
    """

    category: str
    is_book: bool
    first: tuple[str, ...]
    middle: tuple[str, ...]
    last: tuple[str, ...]

    @property
    def combinations(self) -> int:
        """How many names the lists give."""
        return len(self.first) * len(self.middle) * len(self.last)


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(","))


_GOODS = (
    "Amber, Arctic, Black, Blue, Bright, Classic, Compact, Coral, Crimson, Deluxe, Double, "
    "Emerald, Everyday, Featherlight, Folding, Forest, Golden, Green, Grey, Handy, Indigo, Ivory, "
    "Jade, Large, Little, Marine, Midnight, Mini, Modern, Navy, Olive, Orange, Pearl, Plain, "
    "Portable, Quick, Quiet, Red, Round, Ruby, Rustic, Sand, Scarlet, Silver, Slate, Slim, Smart, "
    "Soft, Square, Sturdy, Sunny, Tall, Teal, Tiny, Turquoise, Twin, Violet, White, Yellow"
)
_STORIES = (
    "A Borrowed, A Distant, A Forgotten, A Gentle, A Hidden, A Late, A Patient, A Second, A "
    "Stolen, A Wandering, Beyond the, Our Last, Return to the, The Amber, The Broken, The "
    "Clockwork, The Cold, The Copper, The Empty, The Endless, The First, The Frozen, The Glass, "
    "The Golden, The Hollow, The Honest, The Iron, The Lost, The Northern, The Paper, The Quiet, "
    "The Red, The Sleeping, The Small, The Stubborn, The Silent, The Third, The Unlikely, The "
    "Winter, The Wooden, Under the"
)

WORDS = (
    Words(
        "Books",
        True,
        _list(_STORIES),
        _list(
            "Archive, Bridge, Cartographer, Clockmaker, Daughter, Garden, Gardener, Harbour, "
            "House, Island, Letter, Librarian, Lighthouse, Orchard, Pianist, River, Sailor, "
            "School, Station, Traveller"
        ),
        _list(
            "of Ashes, of Autumn, of Avignon, of Bergen, of Days, of Glass, of Ljubljana, of "
            "Memory, of Nobody, of Porto, of Salt, of Small Hours, of Snow, of Stars, of the "
            "East, of the South, of Tides, of Tomorrow, of Tuesday, of Winter"
        ),
    ),
    Words(
        "Films",
        True,
        _list(_STORIES),
        _list(
            "Ballroom, Carnival, Detective, Express, Falcon, Frontier, Heist, Horizon, Hotel, "
            "Kingdom, Machine, Mountain, Night, Outlaw, Pilot, Rescue, Signal, Summer, Voyage, "
            "Witness"
        ),
        _list(
            "Again, at Dawn, at Midnight, by Moonlight, for Two, Forever, in Berlin, in Blue, in "
            "Lisbon, in the Rain, on Fire, on Ice, on the Run, Returns, Revisited, Tonight, Under "
            "Water, Unbound, with a Twist, Without End"
        ),
    ),
    Words(
        "Lighting",
        False,
        _list(
            f"{_GOODS}, Brass, Ceramic, Copper, Linen, Marble, Nickel, Oak, Paper, Rattan, Steel"
        ),
        _list("Attic, Bedside, Ceiling, Corner, Desk, Garden, Hall, Porch, Reading, Studio, Wall"),
        _list("Bulb, Dimmer, Lamp, Lampshade, Lantern, Light, Light Strip, Pendant, Sconce, Spot"),
    ),
    Words(
        "Kitchen",
        False,
        _list(
            f"{_GOODS}, Bamboo, Beech, Cast Iron, Copper, Enamel, Glass, Maple, Steel, Stoneware"
        ),
        _list(
            "Bread, Breakfast, Camping, Cheese, Egg, Family, Fish, Pasta, Rice, Soup, Spice, Tea"
        ),
        _list(
            "Bowl, Dish, Grater, Jar, Kettle, Knife, Ladle, Pan, Peeler, Pot, Scale, Tray, Whisk"
        ),
    ),
    Words(
        "Electronics",
        False,
        _list(f"{_GOODS}, Aluminium, Carbon, Digital, Rugged, Solar, Titanium, Wired, Wireless"),
        _list("Bluetooth, Car, Desktop, Gaming, Home, Office, Pocket, Sport, Studio, Travel, USB"),
        _list(
            "Adapter, Camera, Charger, Clock, Headphones, Hub, Keyboard, Microphone, Monitor, "
            "Mouse, Radio, Router, Speaker, Tracker"
        ),
    ),
    Words(
        "Furniture",
        False,
        _list(
            f"{_GOODS}, Ash, Bamboo, Birch, Cane, Cork, Leather, Oak, Pine, Steel, Velvet, Walnut"
        ),
        _list(
            "Balcony, Bedroom, Children's, Coffee, Dining, Hallway, Lounge, Patio, Reading, Work"
        ),
        _list(
            "Armchair, Bench, Bookcase, Cabinet, Chair, Chest, Couch, Shelf, Stool, Table, Wardrobe"
        ),
    ),
    Words(
        "Garden",
        False,
        _list(f"{_GOODS}, Bamboo, Cedar, Clay, Copper, Galvanised, Iron, Stone, Terracotta, Zinc"),
        _list(
            "Balcony, Flower, Greenhouse, Herb, Lawn, Orchard, Patio, Pond, Rose, Tomato, Window"
        ),
        _list(
            "Basket, Fork, Gloves, Hose, Planter, Pump, Rake, Saw, Shears, Spade, Sprayer, Trowel"
        ),
    ),
    Words(
        "Toys",
        False,
        _list(f"{_GOODS}, Cardboard, Cheerful, Felt, Magnetic, Maple, Musical, Plush, Tin, Wooden"),
        _list(
            "Airport, Castle, Circus, Dinosaur, Farm, Forest, Harbour, Jungle, Ocean, Space, Zoo"
        ),
        _list(
            "Blocks, Board Game, Boat, Card Game, Doll, Kite, Marbles, Puppet, Puzzle, Train, Truck"
        ),
    ),
    Words(
        "Sports",
        False,
        _list(f"{_GOODS}, Alpine, Carbon, Cork, Nylon, Padded, Rubber, Trail, Waterproof, Woollen"),
        _list(
            "Climbing, Cycling, Fishing, Gym, Hiking, Rowing, Running, Sailing, Ski, Tennis, Yoga"
        ),
        _list(
            "Bag, Belt, Bottle, Cap, Gloves, Jacket, Mat, Poles, Rope, Shoes, Socks, Towel, Vest"
        ),
    ),
    Words(
        "Office",
        False,
        _list(
            f"{_GOODS}, Acrylic, Brass, Cork, Kraft, Leather, Linen, Oak, Recycled, Ruled, Steel"
        ),
        _list(
            "A4, A5, Archive, Desk, Drawing, Filing, Journal, Letter, Meeting, Pocket, Wall, Weekly"
        ),
        _list(
            "Binder, Box, Calendar, Clip, Folder, Notebook, Pad, Pen, Pencil, Ruler, Stapler, Tape"
        ),
    ),
    Words(
        "Clothing",
        False,
        _list(
            f"{_GOODS}, Cashmere, Checked, Corduroy, Cotton, Denim, Flannel, Linen, Striped, Wool"
        ),
        _list(
            "Autumn, City, Evening, Festival, Harbour, Holiday, Mountain, Spring, Summer, Winter"
        ),
        _list(
            "Blouse, Cardigan, Coat, Dress, Hat, Jumper, Scarf, Shirt, Skirt, Trousers, Waistcoat"
        ),
    ),
    Words(
        "Tools",
        False,
        _list(f"{_GOODS}, Ash, Carbide, Chrome, Cordless, Forged, Hardened, Insulated, Steel"),
        _list(
            "Bench, Bicycle, Carpenter's, Electrician's, Farm, Garage, Home, Plumber's, Workshop"
        ),
        _list(
            "Chisel, Clamp, Drill, File, Hammer, Level, Plane, Pliers, Sander, Screwdriver, Wrench"
        ),
    ),
)
"""One entry a category; no last word stands in two categories together with the same middle."""
